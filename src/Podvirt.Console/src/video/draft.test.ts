import { describe, expect, it } from 'vitest';
import { draftOf, emptyDraft, formOf, problemsOf, type VideoDraft } from './draft';
import { sampleJob } from './sampleJob';

const offer = { sizes: ['832x480', '1280x720'], seconds: [4, 8], max_seconds: 8 };
const draft = (change: Partial<VideoDraft>): VideoDraft => ({ ...emptyDraft(null), prompt: 'A boat', ...change });
const sent = (of: VideoDraft) => [...formOf(of, 'wan/2.2')].map(([name, value]) => `${name}=${typeof value === 'string' ? value : value.name}`);

describe('the form of a video', () => {
  it('begins with the first of what the model offers', () => {
    expect(emptyDraft(offer)).toMatchObject({ prompt: '', size: '832x480', seconds: 4 });
    expect(emptyDraft(null)).toMatchObject({ prompt: '', size: '', seconds: '' });
    expect(emptyDraft({ sizes: [], seconds: [], max_seconds: 10 })).toMatchObject({ size: '', seconds: '' });
  });

  it('sends what was filled in, and leaves the rest to the engine', () => {
    expect(sent(draft({}))).toEqual(['model=wan/2.2', 'prompt=A boat']);
    expect(sent(draft({ size: '1280 × 720', seed: 0, guidance: 0 }))).toEqual(['model=wan/2.2', 'prompt=A boat', 'size=1280x720', 'seed=0', 'guidance_scale=0']);
  });

  it('sends the image behind all that is said of it', () => {
    const reference = new File(['png'], 'boat.png', { type: 'image/png' });
    const all = draft({ prompt: ' A boat ', size: '1280x720', seconds: 4, seed: 7, reference, negativePrompt: 'rain', steps: 20, guidance: 4.5, fps: 16 });
    expect(sent(all)).toEqual([
      'model=wan/2.2',
      'prompt=A boat',
      'size=1280x720',
      'seconds=4',
      'seed=7',
      'negative_prompt=rain',
      'num_inference_steps=20',
      'guidance_scale=4.5',
      'fps=16',
      'input_reference=boat.png',
    ]);
  });

  it('says at the field what cannot be sent', () => {
    expect(problemsOf(draft({ prompt: ' \n' }), null)).toEqual({ prompt: 'Say what the video should show.' });
    expect(problemsOf(draft({ size: 'large' }), null)).toEqual({ size: 'Width x height in pixels, such as 1280x720.' });
    expect(problemsOf(draft({ size: '0x720' }), null)).toHaveProperty('size');
    expect(problemsOf(draft({ seconds: 0 }), null)).toHaveProperty('seconds');
    expect(problemsOf(draft({ seconds: 9 }), offer)).toEqual({ seconds: 'At most 8 s.' });
    expect(problemsOf(draft({ seconds: 900, size: '1280X720' }), null)).toEqual({});
  });

  it('is filled with what another video was made with', () => {
    expect(draftOf(sampleJob({ size: '1280x720', seconds: '8' }), offer)).toMatchObject({ prompt: 'A boat', size: '1280x720', seconds: 8 });
    const settings = { seed: '7', negative_prompt: 'rain', num_inference_steps: '20', guidance_scale: '4.5', fps: '16', flow_shift: '3' };
    expect(draftOf(sampleJob({}, { settings }), null)).toMatchObject({ seed: 7, negativePrompt: 'rain', steps: 20, guidance: 4.5, fps: 16 });
    expect(draftOf(sampleJob({ size: null, seconds: null }), offer)).toMatchObject({ size: '832x480', seconds: 4 });
  });
});
