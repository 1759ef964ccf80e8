import type { Mark, Row, Series } from '../charts/chart';
import { addMoney, compareMoney } from '../charts/money';
import { formatMoment, formatStep, hourMs, minuteMs } from '../charts/time';
import type { Figures, GpuTimeRow, Point, SeriesAnswer, Swap } from './figures';

/** Answers of the API → rows of charts. Pure. Every step of the answer is one row: nothing is shifted or put together. */
export function rowsOf(points: readonly Point[], values: (figures: Figures, at: number) => Row['values']): Row[] {
  return points.map((point) => {
    const at = Date.parse(point.at);
    return { at, values: values(point.figures, at) };
  });
}

/** Requests a minute. The step that runs is divided by what has passed of it, a minute at least. */
export function requestRate(requests: number, at: number, step: number, now: number): number {
  const passed = Math.min(step, Math.max(minuteMs, now - at));
  return requests / (passed / minuteMs);
}

export function milliseconds(us: number | null): number | null {
  return us === null ? null : us / 1000;
}

/** Prompt tokens include the cached ones; here each token is counted once. */
export function tokenValues({ prompt_tokens, cached_tokens, completion_tokens }: Figures): Row['values'] {
  return { prompt: prompt_tokens - cached_tokens, cached: cached_tokens, completion: completion_tokens };
}

const otherKey = 'other models';

/** The cost of each model, exact; beyond the dearest `most` all the others are one series. */
export function costByModel(answer: SeriesAnswer, totals: ReadonlyMap<string, string>, most: number): { series: Series[]; rows: Row[] } {
  const groups = answer.data.flatMap(({ model, points }) => (model === null ? [] : [{ model, points }]));
  const total = ({ model }: { model: string }) => totals.get(model) ?? '0';
  groups.sort((a, b) => compareMoney(total(b), total(a)) || (a.model < b.model ? -1 : 1));
  const named = groups.length <= most + 1 ? groups : groups.slice(0, most);
  const rest = groups.slice(named.length);
  const series = named.map(({ model }, place) => ({ key: `m${place}`, label: model }));
  if (rest.length > 0) series.push({ key: otherKey, label: `${rest.length} ${otherKey}` });
  const rows = (groups[0]?.points ?? []).map((point, step) => {
    const values: Record<string, string> = {};
    named.forEach(({ points }, place) => (values[`m${place}`] = points[step]?.figures.cost ?? '0'));
    if (rest.length > 0) values[otherKey] = addMoney(rest.map(({ points }) => points[step]?.figures.cost ?? '0'));
    return { at: Date.parse(point.at), values };
  });
  return { series, rows };
}

/** By the hour a swap is known to have happened within one, not at its beginning. */
export function marksOf(swaps: readonly Swap[], step: number, zone: string): Mark[] {
  return swaps.map(({ model, at, from_revision, to_revision }) => {
    const moment = Date.parse(at);
    return {
      at: moment,
      short: `r${to_revision}`,
      label: `${model}: revision ${from_revision} to ${to_revision}`,
      when: step >= hourMs ? formatStep(moment, step, zone) : formatMoment(moment, zone),
    };
  });
}

export interface GpuTime {
  active: number;
  warming: number;
  sleeping: number;
}

const nothing: GpuTime = { active: 0, warming: 0, sleeping: 0 };

function add(sum: GpuTime, row: GpuTimeRow): GpuTime {
  return { active: sum.active + row.active_us / 1000, warming: sum.warming + row.warming_us / 1000, sleeping: sum.sleeping + row.sleeping_us / 1000 };
}

/** In gpu milliseconds, by model in the order of their names. */
export function gpuTimeByModel(rows: readonly GpuTimeRow[]): [model: string, time: GpuTime][] {
  const sums = new Map<string, GpuTime>();
  for (const row of rows) sums.set(row.model, add(sums.get(row.model) ?? nothing, row));
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** Every hour from one to the other, also those without any. */
export function gpuTimeByHour(rows: readonly GpuTimeRow[], from: number, to: number): Row[] {
  const sums = new Map<number, GpuTime>();
  for (const row of rows) sums.set(Date.parse(row.hour), add(sums.get(Date.parse(row.hour)) ?? nothing, row));
  const hours: Row[] = [];
  for (let at = Math.floor(from / hourMs) * hourMs; at < to; at += hourMs) hours.push({ at, values: { ...(sums.get(at) ?? nothing) } });
  return hours;
}
