import { describe, expect, it } from 'vitest';
import { billedTime, drawn } from './phases';

const cold = [
  { name: 'queue', start_us: 0, duration_us: 1_000, billed: false },
  { name: 'wake', start_us: 1_000, duration_us: 7_000, billed: false },
  { name: 'prefill', start_us: 8_000, duration_us: 500, billed: true },
  { name: 'decode', start_us: 8_500, duration_us: 1_500, billed: true },
];

describe('phases', () => {
  it('are drawn to scale, each where the one before ended', () => {
    expect(drawn(cold).map(({ left, width }) => [left, width])).toEqual([[0, 10], [10, 70], [80, 5], [85, 15]]);
  });

  it('of a request that took no time are not drawn', () => {
    expect(drawn([])).toEqual([]);
    expect(drawn([{ name: 'answer', start_us: 0, duration_us: 0, billed: false }])).toEqual([]);
  });

  it('are billed or not', () => expect(billedTime(cold)).toEqual({ billedUs: 2_000, unbilledUs: 8_000 }));
});
