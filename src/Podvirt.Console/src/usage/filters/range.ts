const dayMs = 86_400_000;

/** The ranges that have a name, in the order offered. Their days and months are UTC's, as those of plans and invoices are. */
export const namedRanges = [
  { value: 'today', label: 'Today' },
  { value: '24h', label: 'Last 24 hours' },
  { value: '7d', label: 'Last 7 days' },
  { value: '30d', label: 'Last 30 days' },
  { value: 'month', label: 'This month' },
  { value: 'last-month', label: 'Last month' },
] as const;

export type RangeName = (typeof namedRanges)[number]['value'];

export type Range = { name: RangeName } | { name: 'own'; from: string; to: string };

/** Bounds as the API takes them: the start is in, the end is not. Left out: a day before the end, and now. */
export interface Bounds {
  from?: string;
  to?: string;
}

/** The month is what plans and invoices count. */
export const defaultRange: Range = { name: 'month' };

export function rangeFrom(params: URLSearchParams): Range {
  const from = params.get('from');
  const to = params.get('to');
  if (isMoment(from) && isMoment(to)) return { name: 'own', from, to };
  const named = namedRanges.find(({ value }) => value === params.get('range'));
  return named === undefined ? defaultRange : { name: named.value };
}

/** Writes the range into a copy of the address's parameters. */
export function withRange(params: URLSearchParams, range: Range): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const name of ['range', 'from', 'to']) next.delete(name);
  if (range.name === 'own') {
    next.set('from', range.from);
    next.set('to', range.to);
  } else if (range.name !== defaultRange.name) {
    next.set('range', range.name);
  }
  return next;
}

export function boundsOf(range: Range, now: Date): Bounds {
  const today = Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate());
  switch (range.name) {
    case 'own':
      return { from: range.from, to: range.to };
    case '24h':
      return {};
    case 'today':
      return { from: iso(today) };
    case '7d':
      return { from: iso(today - 6 * dayMs) };
    case '30d':
      return { from: iso(today - 29 * dayMs) };
    case 'month':
      return { from: iso(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)) };
    case 'last-month':
      return {
        from: iso(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - 1, 1)),
        to: iso(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), 1)),
      };
  }
}

/** From the first moment of the first day to the last moment of the last one. Null where they are no days, or in the wrong order. */
export function rangeOfDays(first: string, last: string): Range | null {
  const from = dayStart(first);
  const end = dayStart(last);
  if (from === null || end === null || end < from) return null;
  return { name: 'own', from: iso(from), to: iso(end + dayMs) };
}

/** The days that a range touches, for the fields of an own range. */
export function daysOf({ from, to }: { from: string; to: string }): { first: string; last: string } {
  return { first: iso(Date.parse(from)).slice(0, 10), last: iso(Math.max(Date.parse(from), Date.parse(to) - 1)).slice(0, 10) };
}

/** `2026-11-01T00:00:00Z`: seconds are enough for what people choose. */
export function iso(ms: number): string {
  return new Date(ms).toISOString().replace('.000Z', 'Z');
}

function dayStart(day: string): number | null {
  if (!/^\d{4}-\d{2}-\d{2}$/.test(day)) return null;
  const ms = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(ms) ? null : ms;
}

function isMoment(text: string | null): text is string {
  return text !== null && /^\d{4}-\d{2}-\d{2}T/.test(text) && !Number.isNaN(Date.parse(text));
}
