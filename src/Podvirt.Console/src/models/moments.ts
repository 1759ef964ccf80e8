import { dayMs, formatMoment as momentIn, formatStep, hourMs, minuteMs, readerZone } from '../charts/time';

/** "26 Nov 2026, 14:05 UTC+1", in the reader's own zone. */
export function formatMoment(time: string): string {
  return momentIn(Date.parse(time), readerZone());
}

/** "26 Nov 2026" */
export function formatDay(time: string): string {
  return formatStep(Date.parse(time), dayMs, readerZone());
}

/** "just now" · "5 min ago" · "3 h ago" · "12 days ago", and "in …" for what is to come. */
export function formatDistance(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  const text = distance(Math.abs(ms));
  if (text === null) return ms <= 0 ? 'just now' : 'in a moment';
  return ms <= 0 ? `${text} ago` : `in ${text}`;
}

function distance(ms: number): string | null {
  if (ms < minuteMs) return null;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} days`;
}
