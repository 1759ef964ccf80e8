import { describe, expect, it } from 'vitest';
import { fold, isRunning, type AnswerEvent } from './answer';
import { sampleAnswer } from './sampleAnswer';

describe('an answer', () => {
  it('grows by its events', () => {
    const events: AnswerEvent[] = [
      { type: 'snapshot', answer: sampleAnswer({ id: 'a2', text: 'So ', status: 'streaming' }) },
      { type: 'delta', thinking: 'hm' },
      { type: 'delta', text: 'far' },
      { type: 'state', answer: { replica: 'r1' } },
      { type: 'delta', text: '.', thinking: '!' },
      { type: 'end', answer: { status: 'complete', finish: 'stop' } },
    ];
    const answer = events.reduce(fold, sampleAnswer());
    expect(answer).toMatchObject({ id: 'a2', text: 'So far.', thinking: 'hm!', replica: 'r1', status: 'complete', finish: 'stop' });
  });

  it('starts over with a snapshot', () => {
    const again = fold(sampleAnswer({ text: 'half a li' }), { type: 'snapshot', answer: sampleAnswer({ text: 'half a line' }) });
    expect(again.text).toBe('half a line');
  });

  it('runs until it is over', () => {
    expect(isRunning(sampleAnswer())).toBe(true);
    for (const status of ['complete', 'stopped', 'interrupted', 'failed'] as const) expect(isRunning(sampleAnswer({ status }))).toBe(false);
  });
});
