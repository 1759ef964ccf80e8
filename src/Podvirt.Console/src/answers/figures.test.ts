import { describe, expect, it } from 'vitest';
import { answerFigures, problemTitle, stoppedNote, thinkingLine, tokensPerSecond } from './figures';
import { sampleAnswer } from './sampleAnswer';

const usage = { prompt: 1_034, cached: 8, completion: 101, reasoning: null };
const billed = { ...usage, completion: 212, cost: '0.000123450000', rate_version: 1 };
const answer = sampleAnswer({ status: 'complete', usage, first_token_ms: 2_700, duration_ms: 4_700, parked_ms: 2_500 });

describe('figures', () => {
  it('show first token, speed, tokens, cost, time and where it was answered', () => {
    expect(answerFigures({ ...answer, billed, replica: 'r-7', affinity: 'hit' })).toEqual([
      'First token 2.7 s (2.5 s waiting for the model)',
      '50 tokens/s',
      '1,034 prompt (8 cached) + 212 completion tokens',
      '$0.00012345',
      '4.7 s in all',
      'Replica r-7 (affinity hit: the same as before)',
    ]);
  });

  it('leave out what is not known', () => {
    expect(answerFigures({ ...answer, usage: null, parked_ms: null })).toEqual(['First token 2.7 s', '4.7 s in all']);
    expect(answerFigures(sampleAnswer({ duration_ms: 10 }))).toEqual([]);
    expect(tokensPerSecond({ ...answer, duration_ms: 2_700 })).toBeNull();
  });

  it('say where a stopped answer ended and what it is billed', () => {
    const stopped = { ...answer, status: 'stopped' as const };
    expect(stoppedNote({ ...stopped, billed })).toBe('Stopped at token 212; billed 1,034 prompt + 212 completion.');
    expect(stoppedNote(stopped)).toBe('Stopped at token 101; what it is billed is not known.');
    expect(stoppedNote(stopped, false)).toBe('Stopped at token 101; the bill follows.');
    const none = { ...billed, prompt: 0, completion: 0 };
    expect(stoppedNote({ ...stopped, first_token_ms: null, billed: none })).toBe(
      'Stopped before the first token; billed 0 prompt + 0 completion.',
    );
  });

  it('mark thinking tokens that nobody counted', () => {
    const thinking = sampleAnswer({ status: 'streaming', thinking: 'Hm', thinking_tokens: 1_200 });
    expect(thinkingLine(thinking)).toBe('Thinking… · ≈ 1,200 tokens');
    expect(thinkingLine({ ...thinking, text: 'Yes', thinking_ms: 3_200 })).toBe('Thought for 3.2 s · ≈ 1,200 tokens');
    expect(thinkingLine({ ...thinking, status: 'complete', thinking_ms: 900, thinking_tokens_exact: true })).toBe('Thought for 900 ms · 1,200 tokens');
    expect(thinkingLine(sampleAnswer({ status: 'complete', thinking: 'Hm' }))).toBe('Thought');
  });

  it('name a limit as one', () => {
    const error = { message: 'm', code: 'insufficient_quota', retry_after_s: null };
    expect(problemTitle(sampleAnswer({ status: 'failed', error }))).toBe('A spending limit is used up.');
    expect(problemTitle(sampleAnswer({ status: 'failed' }))).toBe('No answer.');
    expect(problemTitle(sampleAnswer({ status: 'interrupted' }))).toBe('The answer was interrupted.');
  });
});
