import { dayMs, formatClock, formatDay, formatMoment, formatStep, hourMs, readerZone, wallClock } from '../charts/time';

const month = new Intl.DateTimeFormat('en-GB', { month: 'long', year: 'numeric', timeZone: 'UTC' });

/** A time of the API as its reader's clock shows it, with the offset: 26 Nov 2026, 18:05 UTC+1 */
export function formatTime(time: string): string {
  return formatMoment(Date.parse(time), readerZone());
}

/** To the second, without the zone: 26 Nov, 18:05:12. The year where it is another one than now. */
export function formatShortTime(time: string, now: number, zone = readerZone()): string {
  const at = Date.parse(time);
  const { year } = wallClock(at, zone);
  // Zones are whole minutes apart, so a second has the same number in all of them.
  const second = String(new Date(at).getUTCSeconds()).padStart(2, '0');
  return `${formatDay(at, zone)}${year === wallClock(now, zone).year ? '' : ` ${year}`}, ${formatClock(at, zone)}:${second}`;
}

/** The same moment by the clock that days and months are cut by: 26 Nov 2026, 17:05 UTC */
export function formatUtc(time: string): string {
  return formatMoment(Date.parse(time), 'UTC');
}

/** `2026-11` → November 2026 */
export function formatMonth(name: string): string {
  const time = Date.parse(`${name}-01T00:00:00Z`);
  return Number.isNaN(time) ? name : month.format(time);
}

/** The day or hour that a row of a report is named after, in milliseconds since 1970. */
export function stepOf(group: 'day' | 'hour', name: string): { at: number; step: number; zone: string } {
  return group === 'day'
    ? { at: Date.parse(`${name}T00:00:00Z`), step: dayMs, zone: 'UTC' }
    : { at: Date.parse(name), step: hourMs, zone: readerZone() };
}

/** 26 Nov 2026 · 26 Nov, 18:00 to 19:00 UTC+1 */
export function formatRowTime(group: 'day' | 'hour', name: string): string {
  const { at, step, zone } = stepOf(group, name);
  return formatStep(at, step, zone);
}

/** 840 µs · 12.3 ms · 2.51 s · 125.00 s */
export function formatMicros(us: number): string {
  if (us < 1000) return `${us} µs`;
  if (us < 1_000_000) return `${(us / 1000).toFixed(1)} ms`;
  return `${(us / 1_000_000).toFixed(2)} s`;
}

/** Milliseconds to the last microsecond: 2,512.345 ms */
export function formatExactMs(us: number): string {
  return `${(us / 1000).toLocaleString('en-US', { minimumFractionDigits: 3, maximumFractionDigits: 3 })} ms`;
}
