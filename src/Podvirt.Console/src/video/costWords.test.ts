import { describe, expect, it } from 'vitest';
import { costWords } from './costWords';

describe('what a video will cost', () => {
  it.each([
    ['0.05', 4, '4 s at $0.05 cost $0.20.'],
    ['0.000125', 2.5, '2.5 s at $0.000125 cost $0.0003125.'],
    ['0.05', '', 'A second costs $0.05.'],
    [null, 4, ''],
  ] as const)('at %s for %s s: %s', (price, seconds, words) => expect(costWords(price, seconds)).toBe(words));
});
