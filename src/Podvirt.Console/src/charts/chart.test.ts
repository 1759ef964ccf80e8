import { describe, expect, it } from 'vitest';
import { isLonely, labelledMarks, marksIn, pointsOf, spanOf, type Mark, type Row } from './chart';
import { countOf, durationOf, formatRate, formatShare, formatShort, formatValue, moneyOf } from './quantity';
import { hourMs } from './time';

const rows: Row[] = [
  { at: 0, values: { a: 1, 'b.c[0]': '0.5' } },
  { at: hourMs, values: { a: null } },
  { at: 2 * hourMs, values: { a: 3, 'b.c[0]': '1.5' } },
];
const data = { rows, step: hourMs, series: [{ key: 'a', label: 'A' }, { key: 'b.c[0]', label: 'B' }] };

describe('chart', () => {
  it('draws each step at its middle, whatever its series are called', () => {
    expect(pointsOf(data).map(({ x, s0, s1 }) => [x, s0, s1])).toEqual([
      [hourMs / 2, 1, 0.5],
      [1.5 * hourMs, null, null],
      [2.5 * hourMs, 3, 1.5],
    ]);
    expect(spanOf(data)).toEqual([0, 3 * hourMs]);
  });

  it('knows the points that no line reaches', () => {
    const points = pointsOf(data);
    expect([0, 1, 2].map((place) => isLonely(points, 's0', place))).toEqual([true, false, true]);
    expect(isLonely(pointsOf({ ...data, rows: rows.map((row) => ({ ...row, values: { a: 1 } })) }), 's0', 1)).toBe(false);
  });

  it('gives a mark to the one step that it lies in', () => {
    const mark: Mark = { at: hourMs, short: 'r2', label: 'a: revision 1 to 2' };
    expect(rows.map((row) => marksIn(row, hourMs, [mark]).length)).toEqual([0, 1, 0]);
  });

  it('writes at a mark where there is room for words', () => {
    const marks = [10, 12, 50].map((at) => ({ at, short: String(at), label: String(at) }));
    expect([...labelledMarks(marks, 0, 100, 500, 30)].map(({ at }) => at)).toEqual([10, 50]);
  });
});

describe('quantities', () => {
  it('are written in full in tables and short at the axis', () => {
    expect(countOf('Tokens').format(1234567)).toBe('1,234,567');
    expect(countOf('Tokens').axis(1234567)).toBe('1.23M');
    expect(moneyOf('Cost').format('0.000123450000')).toBe('$0.00012345');
    expect(durationOf('Latency').axis(1500)).toBe('1.5\u00a0s');
    expect(formatValue(countOf('Tokens'), null)).toBe('–');
    expect(formatValue(countOf('Tokens'), 0)).toBe('0');
  });

  it.each([
    [0, '0'],
    [0.04, '< 0.1'],
    [3.44, '3.4'],
    [1234.4, '1,234'],
  ])('shows the rate %d as %s', (value, text) => expect(formatRate(value)).toBe(text));

  it.each([
    [0, '0 %'],
    [0.0004, '< 0.1 %'],
    [0.034, '3.4 %'],
    [0.5, '50 %'],
    [1, '100 %'],
  ])('shows the share %d as %s', (share, text) => expect(formatShare(share)).toBe(text));

  it('shortens without losing what counts', () => expect([0, 0.05, 999, 3400, 2.5e9].map(formatShort)).toEqual(['0', '0.05', '999', '3.4k', '2.5G']));
});
