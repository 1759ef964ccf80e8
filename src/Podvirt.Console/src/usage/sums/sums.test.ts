import { describe, expect, it } from 'vitest';
import { bySize, measureFrom, shareOf, tokensOf } from './measure';
import { timeRows } from './timeRows';
import type { UsageRow } from '../wire';

function row(group: string, more: Partial<UsageRow> = {}): UsageRow {
  return {
    group, requests: 1, completed: 1, cancelled: 0, truncated: 0, failed: 0, unreported: 0, quarantined: 0, prompt_tokens: 100, cached_tokens: 40,
    completion_tokens: 10, reasoning_tokens: 5, embedding_tokens: 0, video_us: 0, cost: '0.000000000001', ...more,
  };
}

describe('measures', () => {
  it('count no token twice', () => expect(tokensOf(row('m'))).toBe(110));

  it('order by exact amounts', () => {
    const rows = [row('a', { cost: '0.100000000001' }), row('b', { cost: '0.100000000002' }), row('c', { cost: '0.100000000001' })];
    expect(bySize(rows, 'cost').map(({ group }) => group)).toEqual(['b', 'a', 'c']);
    expect(bySize([row('x'), row('y', { requests: 2 })], 'requests').map(({ group }) => group)).toEqual(['y', 'x']);
  });

  it('are parts of the total', () => {
    expect(shareOf(row('a', { cost: '0.250000000000' }), row('', { cost: '1.000000000000' }), 'cost')).toBe(0.25);
    expect(shareOf(row('a'), row('', { requests: 4 }), 'requests')).toBe(0.25);
    expect(shareOf(row('a', { cost: '0.000000000000' }), row('', { cost: '0.000000000000' }), 'cost')).toBe(0);
  });

  it('come from the address', () => {
    expect(measureFrom(new URLSearchParams('show=tokens'))).toBe('tokens');
    expect(measureFrom(new URLSearchParams('show=love'))).toBe('cost');
  });
});

describe('points over time', () => {
  const times = { from: '2026-11-26T09:30:00+00:00', to: '2026-11-26T12:00:00+00:00', group: 'hour', total: row('') };

  it('hold every hour, the empty ones at zero and the cost exact', () => {
    const report = { ...times, data: [row('2026-11-26T10:00:00Z', { cost: '0.123456789012' })] };
    expect(timeRows(report, 'hour', 'cost')).toEqual([
      { at: Date.parse('2026-11-26T09:00:00Z'), values: { all: '0' } },
      { at: Date.parse('2026-11-26T10:00:00Z'), values: { all: '0.123456789012' } },
      { at: Date.parse('2026-11-26T11:00:00Z'), values: { all: '0' } },
    ]);
  });

  it('hold the day that the range ends in', () => {
    const report = { ...times, to: '2026-11-27T00:00:00.000001+00:00', group: 'day', data: [row('2026-11-26'), row('2026-11-27', { requests: 2 })] };
    expect(timeRows(report, 'day', 'requests').map(({ values }) => values['all'])).toEqual([1, 2]);
    expect(timeRows({ ...report, to: '2026-11-27T00:00:01Z', data: [row('2026-11-26')] }, 'day', 'requests').map(({ values }) => values['all'])).toEqual([1, 0]);
  });

  it('are those with usage alone where there are too many', () => {
    const report = { ...times, from: '2020-01-01T00:00:00Z', data: [row('2026-11-26T10:00:00Z')] };
    expect(timeRows(report, 'hour', 'tokens')).toHaveLength(1);
  });
});
