import { describe, expect, it } from 'vitest';
import { awaitsBill, fold, isRunning, type AnswerEvent } from './answer';
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

  it('awaits its bill for a while after its end', () => {
    const end = Date.parse('2026-11-26T12:00:05Z');
    const over = sampleAnswer({ status: 'complete', duration_ms: 5_000, request_id: 'r1' });
    expect(awaitsBill(over, end + 1_000)).toBe(true);
    expect(awaitsBill(over, end + 90_000)).toBe(false);
    expect(awaitsBill({ ...over, request_id: null }, end + 1_000)).toBe(false);
    expect(awaitsBill({ ...over, status: 'streaming' }, end + 1_000)).toBe(false);
    const billed = { prompt: 1, cached: 0, completion: 1, reasoning: null, cost: '0.1', rate_version: 1 };
    expect(awaitsBill({ ...over, billed }, end + 1_000)).toBe(false);
  });
});
