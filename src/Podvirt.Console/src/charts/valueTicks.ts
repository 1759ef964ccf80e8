import type { ChartData } from './chart';

/** What an axis is cut by, from each power of its base on. */
const decimal = [1, 2, 2.5, 5, 10];
const binary = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024];
/** Milliseconds: decimal up to ten seconds, then by the clock. */
const clock = [10_000, 15_000, 20_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 18_000_000, 36_000_000];

export type Scale = 'decimal' | 'clock' | 'binary';

/** The highest point of a drawing; of stacked bars, the highest stack. */
export function highest({ kind, rows, series }: Pick<ChartData, 'kind' | 'rows' | 'series'>): number {
  return rows.reduce((max, { values }) => {
    const numbers = series.map(({ key }) => Number(values[key] ?? 0));
    return Math.max(max, kind === 'stacked-bars' ? numbers.reduce((sum, value) => sum + value, 0) : Math.max(0, ...numbers));
  }, 0);
}

/** From 0 to the first round number that is not below the highest point: three to six ticks a round step apart. */
export function valueTicks(max: number, scale: Scale, whole: boolean): number[] {
  const step = stepFor(max, scale, whole);
  const ticks = [0];
  while (ticks.length === 1 || ticks.at(-1)! < max) ticks.push(cleaned(ticks.length * step));
  return ticks;
}

function stepFor(max: number, scale: Scale, whole: boolean): number {
  const least = max / 4;
  if (!(least > 0)) return 1;
  if (scale === 'clock' && least > 5_000) return clock.find((step) => step >= least) ?? Math.ceil(least / 36_000_000) * 36_000_000;
  const base = scale === 'binary' ? 1024 : 10;
  const unit = base ** Math.floor(Math.log(least) / Math.log(base));
  const steps = scale === 'binary' ? binary : decimal;
  const step = unit * (steps.find((candidate) => candidate * unit >= least * (1 - 1e-9)) ?? base);
  return whole ? Math.max(1, Math.ceil(step)) : step;
}

/** Without the dust of binary fractions: 0.30000000000000004 is 0.3. */
function cleaned(value: number): number {
  return Number(value.toPrecision(12));
}
