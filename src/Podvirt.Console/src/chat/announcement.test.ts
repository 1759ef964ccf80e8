import { describe, expect, it } from 'vitest';
import { sampleAnswer } from '../answers/sampleAnswer';
import type { ModelView } from '../models/model';
import { announcement } from './announcement';

const warming = { warm_up: { phase: 'weights', elapsed_ms: 1, eta_ms: null } } as ModelView;

describe('what a screen reader hears', () => {
  it('is the same for every token', () => {
    const texts = ['One', 'One two', 'One two three'];
    const said = texts.map((text) => announcement('Qwen', null, sampleAnswer({ status: 'streaming', text })));
    expect(new Set(said)).toEqual(new Set(['Qwen is answering']));
  });

  it('is each phase of a warm-up, then the answer as a whole', () => {
    expect(announcement('Qwen', null, sampleAnswer())).toBe('Message sent');
    expect(announcement('Qwen', warming, sampleAnswer())).toBe('Warming up: loading weights');
    expect(announcement('Qwen', null, sampleAnswer({ status: 'complete', text: 'Yes.' }))).toBe('Qwen says: Yes.');
  });

  it('is the beginning of a long answer', () => {
    const said = announcement('Qwen', null, sampleAnswer({ status: 'complete', text: 'x'.repeat(5_000) }));
    expect(said.length).toBeLessThan(700);
    expect(said).toContain('The whole answer is in the message list.');
  });

  it('is why there is none', () => {
    const error = { message: 'The engine ended.', code: 'model_crashed', retry_after_s: null };
    expect(announcement('Qwen', null, sampleAnswer({ status: 'failed', error }))).toBe('No answer. The engine ended.');
  });
});
