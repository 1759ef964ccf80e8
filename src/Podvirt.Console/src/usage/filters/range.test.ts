import { describe, expect, it } from 'vitest';
import { boundsOf, daysOf, namedRanges, rangeFrom, rangeOfDays, withRange } from './range';

// Half past midnight in Berlin, the evening before in UTC.
const now = new Date('2026-03-01T00:30:00+01:00');

describe('ranges', () => {
  it('are bounded by days and months of UTC, wherever the reader is', () => {
    expect(boundsOf({ name: 'today' }, now)).toEqual({ from: '2026-02-28T00:00:00Z' });
    expect(boundsOf({ name: '7d' }, now)).toEqual({ from: '2026-02-22T00:00:00Z' });
    expect(boundsOf({ name: '30d' }, now)).toEqual({ from: '2026-01-30T00:00:00Z' });
    expect(boundsOf({ name: 'month' }, now)).toEqual({ from: '2026-02-01T00:00:00Z' });
    expect(boundsOf({ name: 'last-month' }, now)).toEqual({ from: '2026-01-01T00:00:00Z', to: '2026-02-01T00:00:00Z' });
    expect(boundsOf({ name: 'last-month' }, new Date('2026-01-31T12:00:00Z'))).toEqual({
      from: '2025-12-01T00:00:00Z',
      to: '2026-01-01T00:00:00Z',
    });
  });

  it('leave the last day to the clock of the server', () => {
    expect(boundsOf({ name: '24h' }, now)).toEqual({});
  });

  it('survive the address', () => {
    for (const { value } of namedRanges) {
      expect(rangeFrom(withRange(new URLSearchParams('group=key'), { name: value }))).toEqual({ name: value });
    }
    const own = { name: 'own', from: '2026-02-01T00:00:00Z', to: '2026-02-02T13:00:00Z' } as const;
    const params = withRange(new URLSearchParams('range=7d&group=key'), own);
    expect(rangeFrom(params)).toEqual(own);
    expect(params.get('range')).toBeNull();
    expect(params.get('group')).toBe('key');
  });

  it.each(['range=decade', 'from=2026-02-01T00:00:00Z', 'from=yesterday&to=2026-02-01T00:00:00Z', ''])('take %j for this month', (text) => {
    expect(rangeFrom(new URLSearchParams(text))).toEqual({ name: 'month' });
  });

  it('of days hold the whole last day', () => {
    expect(rangeOfDays('2026-02-27', '2026-02-28')).toEqual({ name: 'own', from: '2026-02-27T00:00:00Z', to: '2026-03-01T00:00:00Z' });
    expect(daysOf({ from: '2026-02-27T00:00:00Z', to: '2026-03-01T00:00:00Z' })).toEqual({ first: '2026-02-27', last: '2026-02-28' });
    expect(daysOf({ from: '2026-02-27T14:00:00Z', to: '2026-02-27T15:00:00Z' })).toEqual({ first: '2026-02-27', last: '2026-02-27' });
    expect(rangeOfDays('2026-02-28', '2026-02-27')).toBeNull();
    expect(rangeOfDays('', '2026-02-27')).toBeNull();
  });
});
