import { describe, expect, it } from 'vitest';
import { usageFigures, usagePercent, usageTone, usageWord } from './usage';

describe('usage against a limit', () => {
  it.each([
    [0, 'good', 'Within the limit'],
    [69_999, 'good', 'Within the limit'],
    [70_000, 'filling', 'Filling up'],
    [90_000, 'filling', 'Filling up'],
    [90_001, 'full', 'Nearly used up'],
    [99_999, 'full', 'Nearly used up'],
    [100_000, 'full', 'Used up'],
    [130_000, 'full', 'Used up'],
  ])('%d of 100,000 is %s: %s', (used, tone, word) => {
    expect(usageTone(used, 100_000)).toBe(tone);
    expect(usageWord(used, 100_000)).toBe(word);
  });

  it('is used up where the limit is nothing', () => {
    expect(usageTone(0, 0)).toBe('full');
    expect(usageWord(0, 0)).toBe('Used up');
    expect(usagePercent(0, 0)).toBe(100);
  });

  it('says 100 % only when all of it is used', () => {
    expect(usagePercent(99_999, 100_000)).toBe(99);
    expect(usagePercent(100_000, 100_000)).toBe(100);
  });

  it('has figures with and without a limit', () => {
    expect(usageFigures(7200, 10_000)).toBe('7,200 of 10,000 tokens');
    expect(usageFigures(7200, null)).toBe('7,200 tokens');
    expect(usageFigures(3, 60, 'seconds')).toBe('3 of 60 seconds');
  });
});
