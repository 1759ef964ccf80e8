import { describe, expect, it } from 'vitest';
import { amountOf, partsOf, picoOf, sumOf, textOf } from './money';

describe('money', () => {
  it('adds what binary floating point cannot', () => {
    expect(0.1 + 0.2).not.toBe(0.3);
    expect(sumOf(['0.100000000000', '0.200000000000'])).toBe('0.300000000000');
    expect(sumOf(Array.from({ length: 1000 }, () => '0.000000000001'))).toBe('0.000000001000');
  });

  it('keeps every digit of amounts beyond 2^53', () => {
    const amount = '9007199254740993.000000000001';
    expect(amountOf(picoOf(amount))).toBe(amount);
    expect(sumOf([amount, '0.000000000001'])).toBe('9007199254740993.000000000002');
  });

  it('takes adjustments that lower a bill', () => {
    expect(sumOf(['0.500000000000', '-0.750000000000'])).toBe('-0.250000000000');
    expect(sumOf(['-0.000000000001', '0.000000000001'])).toBe('0.000000000000');
    expect(sumOf([])).toBe('0.000000000000');
  });

  it.each(['', '1.', '.5', '1e3', '1,000', 'NaN', '0.0000000000001', ' 1'])('refuses %j', (amount) => {
    expect(() => picoOf(amount)).toThrow(RangeError);
  });

  it('shows every decimal that came, and at least two', () => {
    expect(textOf('1234567.123456789012')).toBe('$1,234,567.123456789012');
    expect(textOf('3')).toBe('$3.00');
    expect(textOf('999.5')).toBe('$999.50');
    expect(partsOf('-0.000123450000')).toEqual({ sign: '−', cents: '$0.00', rest: '0123450000' });
  });
});
