import { describe, expect, it } from 'vitest';
import { addMoney, compareMoney, formatMoney, shareOfMoney, timesMoney } from './money';

describe('money', () => {
  it.each([
    ['0.000000000000', '$0.00'],
    ['0.000123450000', '$0.00012345'],
    ['1234567.500000000000', '$1,234,567.50'],
    ['-12.100000000000', '−$12.10'],
    ['90071992547409.930000000001', '$90,071,992,547,409.930000000001'],
  ])('shows %s as %s, to the last digit', (exact, text) => expect(formatMoney(exact)).toBe(text));

  it('compares where binary fractions would not tell the difference', () => {
    expect(compareMoney('90071992547409.930000000001', '90071992547409.930000000002')).toBe(-1);
    expect(compareMoney('9.5', '10')).toBe(-1);
    expect(compareMoney('-1', '-2')).toBe(1);
    expect(compareMoney('0.10', '0.1')).toBe(0);
  });

  it('adds without losing a digit', () => {
    expect(addMoney(['0.1', '0.2', '90071992547409.930000000001'])).toBe('90071992547410.230000000001');
    expect(addMoney(['0.1', '-0.3'])).toBe('-0.200000000000');
    expect(timesMoney('0.000003', '4')).toBe('0.000012000000');
    expect(timesMoney('0.050000', '5.0625')).toBe('0.253125000000');
    expect(addMoney([])).toBe('0.000000000000');
  });

  it('gives a part its share', () => {
    expect(shareOfMoney('0.25', '1.00')).toBe(0.25);
    expect(shareOfMoney('0', '0.000')).toBe(0);
  });
});
