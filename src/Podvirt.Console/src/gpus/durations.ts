import { none } from '../charts/quantity';
import { formatDuration } from '../models/format';
import type { Durations } from './figures';

export function formatUs(us: number | null): string {
  return us === null ? none : formatDuration(us / 1000);
}

/** "840 ms / 2.5 s" */
export function averageAndP95({ average, p95 }: Durations): string {
  return average === null ? none : `${formatUs(average)} / ${formatUs(p95)}`;
}
