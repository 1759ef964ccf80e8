import { describe, expect, it } from 'vitest';
import { hourMs, minuteMs } from '../charts/time';
import { seriesFrom, type Figures, type GpuTimeRow, type Point, type Swap } from './figures';
import { scopeFrom, withScope } from './scope';
import { costByModel, gpuTimeByHour, gpuTimeByModel, marksOf, requestRate, rowsOf, tokenValues } from './series';

const figures = (more: Partial<Figures>) => ({ requests: 0, cost: '0', ...more }) as Figures;
const points = (...costs: string[]): Point[] =>
  costs.map((cost, place) => ({ at: new Date(place * hourMs).toISOString(), figures: figures({ cost, requests: place }) }));

describe('series', () => {
  it('keep every hour of the answer as it is, also the night in which one comes twice', () => {
    const hours = ['2026-10-24T23:00:00+00:00', '2026-10-25T00:00:00+00:00', '2026-10-25T01:00:00+00:00', '2026-10-25T02:00:00+00:00'];
    const rows = rowsOf(hours.map((at, place) => ({ at, figures: figures({ requests: place }) })), ({ requests }) => ({ requests }));
    expect(rows.map(({ at, values }) => [new Date(at).toISOString().slice(11, 13), values['requests']])).toEqual([['23', 0], ['00', 1], ['01', 2], ['02', 3]]);
  });

  it('begin with the whole step that holds the beginning of the window', () => {
    const now = Date.parse('2026-11-26T17:20:30Z');
    expect(new Date(seriesFrom('1h', now)).toISOString()).toBe('2026-11-26T16:20:00.000Z');
    expect(new Date(seriesFrom('24h', now)).toISOString()).toBe('2026-11-25T17:00:00.000Z');
  });

  it('divide the step that runs by what has passed of it', () => {
    expect(requestRate(120, 0, hourMs, 10 * hourMs)).toBe(2);
    expect(requestRate(120, 0, hourMs, 30 * minuteMs)).toBe(4);
    expect(requestRate(3, 0, minuteMs, 2_000)).toBe(3);
  });

  it('count a cached token once', () => {
    expect(tokenValues(figures({ prompt_tokens: 100, cached_tokens: 40, completion_tokens: 7 }))).toEqual({ prompt: 60, cached: 40, completion: 7 });
  });

  it('add up the cheap models exactly', () => {
    const models = ['a', 'b', 'c', 'd'];
    const answer = { data: models.map((model, place) => ({ model, points: points(`0.${place}00000000001`, '0') })) };
    const totals = new Map(models.map((model, place) => [model, `0.${place}`]));
    const { series, rows } = costByModel(answer, totals, 2);
    expect(series.map(({ label }) => label)).toEqual(['d', 'c', '2 other models']);
    expect(rows[0]?.values).toEqual({ m0: '0.300000000001', m1: '0.200000000001', 'other models': '0.100000000002' });
    expect(costByModel(answer, totals, 3).series.map(({ label }) => label)).toEqual(['d', 'c', 'b', 'a']);
    expect(costByModel({ data: [] }, totals, 3)).toEqual({ series: [], rows: [] });
  });

  it('mark a swap to the hour or to the minute, as it is known', () => {
    const swap = { model: 'q', at: '2026-11-26T17:05:00+00:00', from_revision: 2, to_revision: 3 } as Swap;
    expect(marksOf([swap], minuteMs, 'UTC')).toEqual([
      { at: Date.parse('2026-11-26T17:05:00Z'), short: 'r3', label: 'q: revision 2 to 3', when: '26 Nov 2026, 17:05 UTC' },
    ]);
    expect(marksOf([{ ...swap, at: '2026-11-26T17:00:00+00:00' }], hourMs, 'UTC')[0]?.when).toBe('26 Nov, 17:00 to 18:00 UTC');
  });
});

describe('gpu time', () => {
  const row = (hour: number, model: string, active_us: number): GpuTimeRow => ({ hour: new Date(hour * hourMs).toISOString(), model, active_us, warming_us: 2000, sleeping_us: 0 });
  const rows = [row(1, 'b', 5000), row(1, 'a', 1000), row(3, 'b', 7000)];

  it('is summed by model', () => {
    expect(gpuTimeByModel(rows)).toEqual([
      ['a', { active: 1, warming: 2, sleeping: 0 }],
      ['b', { active: 12, warming: 4, sleeping: 0 }],
    ]);
  });

  it('has every hour, those without any too', () => {
    expect(gpuTimeByHour(rows, 1.5 * hourMs, 3.2 * hourMs).map(({ at, values }) => [at / hourMs, values['active']])).toEqual([[1, 6], [2, 0], [3, 7]]);
  });
});

describe('scope', () => {
  it('is kept in the address, beside what else is there', () => {
    const params = withScope(new URLSearchParams('before=7'), { window: '1h', model: 'org/a b', allProjects: true });
    expect(params.toString()).toBe('before=7&window=1h&model=org%2Fa+b&projects=all');
    expect(scopeFrom(params)).toEqual({ window: '1h', model: 'org/a b', allProjects: true });
    expect(withScope(params, { window: '24h', model: null, allProjects: false }).toString()).toBe('before=7');
  });

  it('takes a window that nobody knows for the day', () => expect(scopeFrom(new URLSearchParams('window=3y')).window).toBe('24h'));
});
