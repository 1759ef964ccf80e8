import { describe, expect, it } from 'vitest';
import { formatExactMs, formatMicros, formatMonth, formatRowTime, formatShortTime, formatUtc } from './time';

describe('times', () => {
  it('in lists are to the second, with the year where it is not this one', () => {
    const now = Date.parse('2027-01-01T02:00:00Z');
    expect(formatShortTime('2026-12-31T23:05:02.9+00:00', now, 'Asia/Kolkata')).toBe('1 Jan, 04:35:02');
    expect(formatShortTime('2026-12-31T23:05:02.9+00:00', now, 'UTC')).toBe('31 Dec 2026, 23:05:02');
  });

  it('of days and months are those of UTC', () => {
    expect(formatUtc('2026-11-26T23:05:12.987654+00:00')).toBe('26 Nov 2026, 23:05 UTC');
    expect(formatRowTime('day', '2026-11-26')).toBe('26 Nov 2026');
    expect(formatMonth('2026-11')).toBe('November 2026');
    expect(formatMonth('so far')).toBe('so far');
  });

  it('last as long as they do', () => {
    expect([0, 999, 1000, 12_345, 2_512_345, 125_000_000].map(formatMicros)).toEqual(['0 µs', '999 µs', '1.0 ms', '12.3 ms', '2.51 s', '125.00 s']);
    expect(formatExactMs(2_512_345)).toBe('2,512.345 ms');
  });
});
