import { describe, expect, it } from 'vitest';
import { newAnswer, type Answer } from './conversation';
import { answerFigures, stoppedNote, tokensPerSecond } from './figures';

const answer: Answer = {
  ...newAnswer(0),
  usage: { prompt: 24, cached: 8, completion: 101 },
  firstTokenMs: 2700,
  durationMs: 4700,
  parkedMs: 2500,
};

describe('figures', () => {
  it('show first token, speed, tokens and time', () => {
    expect(answerFigures(answer)).toEqual([
      'First token 2.7 s (2.5 s waiting for the model)',
      '50 tokens/s',
      '24 prompt (8 cached) + 101 completion tokens',
      '4.7 s in all',
    ]);
  });

  it('leave out what is not known', () => {
    expect(answerFigures({ ...answer, usage: null, parkedMs: null })).toEqual(['First token 2.7 s', '4.7 s in all']);
    expect(answerFigures({ ...newAnswer(0), durationMs: 10 })).toEqual([]);
    expect(tokensPerSecond({ ...answer, durationMs: 2700 })).toBeNull();
  });

  it('say what a stopped answer produced', () => {
    expect(stoppedNote(answer)).toBe('Stopped after 101 tokens.');
    expect(stoppedNote({ ...answer, usage: { prompt: 1, cached: null, completion: 1 } })).toBe('Stopped after 1 token.');
    expect(stoppedNote({ ...answer, usage: null })).toContain('not reported');
    expect(stoppedNote(newAnswer(0))).toBe('Stopped before the first token.');
  });
});
