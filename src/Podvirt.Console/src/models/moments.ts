/** "26 Nov 2026, 14:05", in the reader's own time zone. */
const moments = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'short' });

const days = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium' });

export function formatMoment(time: string): string {
  return moments.format(new Date(time));
}

export function formatDay(time: string): string {
  return days.format(new Date(time));
}

/** "just now" · "5 min ago" · "3 h ago" · "12 days ago", and "in …" for what is to come. */
export function formatDistance(time: string, now: number): string {
  const ms = Date.parse(time) - now;
  const text = distance(Math.abs(ms));
  if (text === null) return ms <= 0 ? 'just now' : 'in a moment';
  return ms <= 0 ? `${text} ago` : `in ${text}`;
}

const minuteMs = 60_000;
const hourMs = 60 * minuteMs;
const dayMs = 24 * hourMs;

function distance(ms: number): string | null {
  if (ms < minuteMs) return null;
  if (ms < hourMs) return `${Math.floor(ms / minuteMs)} min`;
  if (ms < 2 * dayMs) return `${Math.floor(ms / hourMs)} h`;
  return `${Math.floor(ms / dayMs)} days`;
}
