import { describe, expect, it } from 'vitest';
import { formatUsd } from './money';

describe('money', () => {
  it.each([
    [0, '$0.00'],
    [25, '$25.00'],
    [1234.5, '$1,234.50'],
    [0.01, '$0.01'],
    [0.00012345, '$0.000123'],
    [0.0005, '$0.0005'],
    [0.0000001, 'under $0.000001'],
  ])('%d is %s', (value, text) => expect(formatUsd(value)).toBe(text));
});
