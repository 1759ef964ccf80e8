/** Times as readers see them: in their own zone, which is always named. Buckets stay the server's own, whatever the zone. */

export const minuteMs = 60_000;
export const hourMs = 3_600_000;
export const dayMs = 86_400_000;

export function readerZone(): string {
  return Intl.DateTimeFormat().resolvedOptions().timeZone;
}

export interface WallClock {
  year: number;
  month: number;
  day: number;
  hour: number;
  minute: number;
}

const clocks = new Map<string, Intl.DateTimeFormat>();

function clockOf(zone: string): Intl.DateTimeFormat {
  let clock = clocks.get(zone);
  if (clock === undefined) {
    clock = new Intl.DateTimeFormat('en-GB', {
      timeZone: zone, hourCycle: 'h23', year: 'numeric', month: 'numeric', day: 'numeric', hour: 'numeric', minute: 'numeric',
    });
    clocks.set(zone, clock);
  }
  return clock;
}

export function wallClock(at: number, zone: string): WallClock {
  const parts: Record<string, number> = {};
  for (const { type, value } of clockOf(zone).formatToParts(at)) parts[type] = Number(value);
  const { year = 0, month = 0, day = 0, hour = 0, minute = 0 } = parts;
  return { year, month, day, hour, minute };
}

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const two = (number: number) => String(number).padStart(2, '0');

/** 14:05 */
export function formatClock(at: number, zone: string): string {
  const { hour, minute } = wallClock(at, zone);
  return `${two(hour)}:${two(minute)}`;
}

/** 26 Nov */
export function formatDay(at: number, zone: string): string {
  const { day, month } = wallClock(at, zone);
  return `${day} ${months[month - 1]}`;
}

/** 26 Nov 2026, 14:05 UTC+1: with the offset, because the hour after summer time comes twice. With seconds: 14:05:09. */
export function formatMoment(at: number, zone: string, withSeconds = false): string {
  // Offsets are whole minutes, so seconds are the same everywhere.
  const seconds = withSeconds ? `:${two(Math.floor(at / 1000) % 60)}` : '';
  return `${formatDay(at, zone)} ${wallClock(at, zone).year}, ${formatClock(at, zone)}${seconds} ${formatOffset(at, zone)}`;
}

/** UTC+1, UTC+5:30, UTC */
export function formatOffset(at: number, zone: string): string {
  const { year, month, day, hour, minute } = wallClock(at, zone);
  const minutes = Math.round((Date.UTC(year, month - 1, day, hour, minute) - Math.floor(at / minuteMs) * minuteMs) / minuteMs);
  if (minutes === 0) return 'UTC';
  const size = Math.abs(minutes);
  const past = size % 60 === 0 ? '' : `:${two(size % 60)}`;
  return `UTC${minutes < 0 ? '−' : '+'}${Math.floor(size / 60)}${past}`;
}

/** "Europe/Berlin (UTC+1)"; plain UTC stays "UTC". */
export function zoneLabel(zone: string, at: number): string {
  const offset = formatOffset(at, zone);
  return zone === 'UTC' || zone === 'Etc/UTC' ? 'UTC' : `${zone} (${offset})`;
}

/** One step of a series: "14:00 to 15:00 UTC+1", "26 Nov 2026". */
export function formatStep(at: number, step: number, zone: string): string {
  if (step >= dayMs) return `${formatDay(at, zone)} ${wallClock(at, zone).year}`;
  const day = `${formatDay(at, zone)}, `;
  if (step <= minuteMs) return `${day}${formatClock(at, zone)} ${formatOffset(at, zone)}`;
  return `${day}${formatClock(at, zone)} to ${formatClock(at + step, zone)} ${formatOffset(at, zone)}`;
}

/** just now · 12 s ago · 3 min ago · 2 h ago · 5 d ago */
export function formatAgo(ms: number): string {
  const seconds = Math.round(ms / 1000);
  if (seconds < 5) return 'just now';
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h ago` : `${Math.floor(seconds / 86_400)} d ago`;
}
