import { dayMs, formatClock, formatDay, hourMs, minuteMs, wallClock } from './time';

const minutes = [1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720];
const days = [1, 2, 7, 14, 30, 60, 90, 180, 365];
const stepsMs = [...minutes.map((count) => count * minuteMs), ...days.map((count) => count * dayMs)];

/**
 * Where an axis has its ticks: at round times of the zone's own clock, `most` at most. Where a step is longer than an hour, a
 * tick stands where the clock first shows a new slot: a day that begins at 01:00 has its tick there, and a slot that comes
 * twice has one.
 */
export function timeTicks(from: number, to: number, zone: string, most: number): number[] {
  const step = stepsMs.find((candidate) => (to - from) / candidate <= most) ?? stepsMs.at(-1)!;
  // Clocks change by quarters of an hour at the finest; from whole days on, hours are fine enough to find the first one.
  const unit = step < dayMs ? Math.min(step, 15 * minuteMs) : hourMs;
  const first = Math.ceil(from / unit) * unit;
  const ticks: number[] = [];
  let before = slotOf(first - unit, step, zone);
  for (let at = first; at <= to; at += unit) {
    const slot = slotOf(at, step, zone);
    if (step <= hourMs ? wallClock(at, zone).minute % (step / minuteMs) === 0 : slot !== before) ticks.push(at);
    before = slot;
  }
  return ticks;
}

/** The number of the slot that the zone’s clock is in. */
function slotOf(at: number, step: number, zone: string): number {
  const { year, month, day, hour, minute } = wallClock(at, zone);
  return Math.floor(Date.UTC(year, month - 1, day, hour, minute) / step);
}

/** "14:00", and the day where one begins or where ticks are days apart. */
export function formatTick(at: number, zone: string, dayOnly: boolean): string {
  const clock = formatClock(at, zone);
  return dayOnly || clock === '00:00' ? formatDay(at, zone) : clock;
}
