import { describe, expect, it } from 'vitest';
import { highest, valueTicks } from './valueTicks';

describe('ticks of values', () => {
  it.each([
    [0, 'decimal', true, [0, 1]],
    [1, 'decimal', true, [0, 1]],
    [7, 'decimal', true, [0, 2, 4, 6, 8]],
    [100, 'decimal', true, [0, 25, 50, 75, 100]],
    [0.3, 'decimal', false, [0, 0.1, 0.2, 0.3]],
    [0.00062, 'decimal', false, [0, 0.0002, 0.0004, 0.0006, 0.0008]],
    [3600, 'clock', false, [0, 1000, 2000, 3000, 4000]],
    [45_000, 'clock', false, [0, 15_000, 30_000, 45_000]],
    [5_400_000, 'clock', false, [0, 1_800_000, 3_600_000, 5_400_000]],
    [90 * 1024 ** 3, 'binary', false, [0, 32, 64, 96].map((gib) => gib * 1024 ** 3)],
  ] as const)('for %d (%s) are round', (max, scale, whole, ticks) => expect(valueTicks(max, scale, whole)).toEqual(ticks));

  it('reach over the highest stack', () => {
    const rows = [{ at: 0, values: { a: 3, b: '4.5' } }, { at: 1, values: { a: null } }];
    const series = [{ key: 'a', label: 'A' }, { key: 'b', label: 'B' }];
    expect(highest({ kind: 'stacked-bars', rows, series })).toBe(7.5);
    expect(highest({ kind: 'line', rows, series })).toBe(4.5);
  });

  it('stay few and end, whatever the highest is', () => {
    for (const max of [1e-9, 0.07, 3, 9.99e4, 1.5e8, 7e15]) {
      for (const scale of ['decimal', 'clock', 'binary'] as const) {
        const ticks = valueTicks(max, scale, false);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(max);
      }
    }
  });
});
