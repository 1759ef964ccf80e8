import type { Row } from '../../charts/chart';
import { stepOf } from '../time';
import type { UsageReport, UsageRow } from '../wire';
import { valueOf, type Measure } from './measure';

/** More steps than a picture has room for are not filled up: only those with usage are drawn. */
const stepsMax = 3_000;

/** One point for every hour or day of the report, those without usage too: they cost nothing. */
export function timeRows(report: UsageReport, group: 'day' | 'hour', measure: Measure): Row[] {
  const known = new Map(report.data.map((row) => [stepOf(group, row.group).at, row]));
  const { step } = stepOf(group, report.from);
  const first = Math.floor(Date.parse(report.from) / step) * step;
  // Milliseconds cut what the server's microseconds take: a row is a step in any case.
  const end = [...known.keys()].reduce((latest, at) => Math.max(latest, at + step), Date.parse(report.to));
  const times =
    (end - first) / step > stepsMax ? [...known.keys()] : Array.from({ length: Math.max(0, Math.ceil((end - first) / step)) }, (_, n) => first + n * step);
  return times.map((at) => ({ at, values: { all: valueAt(known.get(at), measure) } }));
}

function valueAt(row: UsageRow | undefined, measure: Measure): number | string {
  if (row === undefined) return measure === 'cost' ? '0' : 0;
  return valueOf(row, measure);
}
