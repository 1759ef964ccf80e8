import { describe, expect, it } from 'vitest';
import { news, type Told } from './announcement';
import type { VideoJob } from './job';
import { sampleJob, sampleModel } from './sampleJob';

/** What is said as the list changes from step to step. */
function heard(...lists: VideoJob[][]): string[][] {
  let told: Told | null = null;
  return lists.map((jobs) => {
    const now = news(told, jobs, sampleModel);
    told = now.told;
    return now.say;
  });
}

const making = (progress: number) => sampleJob({ status: 'in_progress', progress });

describe('news of videos', () => {
  it('are their states and phases, each once, and no per cent', () => {
    expect(
      heard(
        [],
        [sampleJob()],
        [sampleJob({}, { phase: 'weights' })],
        [sampleJob({}, { phase: 'weights', eta_ms: 2_000 })],
        [making(0)],
        [making(40)],
        [sampleJob({ status: 'completed', progress: 100 })],
        [sampleJob({ status: 'completed', progress: 100 })],
      ),
    ).toEqual([[], ['“A boat” is queued'], ['“A boat” waits for the model: loading weights'], [], ['“A boat” is being made'], [], ['“A boat” is ready'], []]);
  });

  it('are none of what the page began with, or of older ones that come into view', () => {
    const done = sampleJob({ id: 'video_0', status: 'completed' });
    expect(heard([sampleJob()], [sampleJob(), done])).toEqual([[], []]);
  });

  it('say why one failed', () => {
    expect(heard([making(10)], [sampleJob({ status: 'failed', error: { code: 'engine_died', message: 'The engine died.' } })])[1]).toEqual(['“A boat” failed. The engine died.']);
  });

  it('shorten long prompts', () => {
    expect(heard([], [sampleJob({ prompt: 'x'.repeat(200) })])[1]).toEqual([`“${'x'.repeat(60)}…” is queued`]);
  });
});
