import { describe, expect, it } from 'vitest';
import { ThinkSplitter } from './think';

function split(pieces: string[]) {
  const splitter = new ThinkSplitter();
  for (const piece of pieces) splitter.push(piece);
  splitter.end();
  return { reasoning: splitter.reasoning, answer: splitter.answer };
}

const cases: { name: string; text: string; reasoning: string; answer: string }[] = [
  { name: 'reasoning, then an answer', text: '<think>a < b\n</think>\n\nYes.', reasoning: 'a < b\n', answer: 'Yes.' },
  { name: 'blanks before the tag', text: '\n <think>x</think>y', reasoning: 'x', answer: 'y' },
  { name: 'an unclosed tag', text: '<think>still at it </thin', reasoning: 'still at it </thin', answer: '' },
  { name: 'no tag at all', text: 'if a < b then <b>', reasoning: '', answer: 'if a < b then <b>' },
  { name: 'only the start of a tag', text: '<thin', reasoning: '', answer: '<thin' },
  { name: 'a tag inside the answer', text: 'Use <think> and </think>.', reasoning: '', answer: 'Use <think> and </think>.' },
  { name: 'empty reasoning', text: '<think>\n\n</think>\n\nHi', reasoning: '\n\n', answer: 'Hi' },
  { name: 'two blocks', text: '<think>a</think><think>b</think>c', reasoning: 'a\n\nb', answer: 'c' },
  { name: 'only a closing tag', text: 'Let me see.\n</think>\n\nDone.', reasoning: 'Let me see.\n', answer: 'Done.' },
  {
    name: 'a closing tag inside code',
    text: 'See:\n```\n</think>\n```\nend',
    reasoning: '',
    answer: 'See:\n```\n</think>\n```\nend',
  },
];

describe('reasoning and answer', () => {
  it.each(cases)('$name: the same at every split into three pieces', ({ text, reasoning, answer }) => {
    for (let first = 0; first <= text.length; first += 1) {
      for (let second = first; second <= text.length; second += 1) {
        const pieces = [text.slice(0, first), text.slice(first, second), text.slice(second)];
        expect(split(pieces), JSON.stringify(pieces)).toEqual({ reasoning, answer });
      }
    }
  });

  it.each(cases)('$name: the same one character at a time', ({ text, reasoning, answer }) => {
    expect(split([...text])).toEqual({ reasoning, answer });
  });

  it('holds nothing back from "a <"', () => {
    const splitter = new ThinkSplitter();
    splitter.push('a <');
    expect(splitter.answer).toBe('a <');
  });

  it('joins reasoning from its own field', () => {
    const splitter = new ThinkSplitter();
    splitter.pushReasoning('step ');
    splitter.pushReasoning('one');
    splitter.push('answer\n</think>');
    splitter.end();
    expect(splitter).toMatchObject({ reasoning: 'step one', answer: 'answer\n</think>' });
  });
});
