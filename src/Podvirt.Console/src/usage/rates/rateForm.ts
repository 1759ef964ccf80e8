import type { RateVersion } from '../wire';
import { priceKinds, type PriceKind } from './rates';

export type RateFields = Record<PriceKind | 'from' | 'by', string>;

export type RateProblems = Partial<Record<keyof RateFields, string>>;

/** What the form begins with: what is in force. */
export function fieldsOf(rate: RateVersion | null): RateFields {
  const prices = Object.fromEntries(priceKinds.map(({ name }) => [name, rate?.[name] ?? ''])) as Record<PriceKind, string>;
  return { ...prices, from: '', by: '' };
}

/** What would be refused, in words for each field. */
export function problemsOf(fields: RateFields, now: number): RateProblems {
  const problems: RateProblems = {};
  for (const { name } of priceKinds) {
    if (fields[name].trim() !== '' && !/^\d+(\.\d{1,6})?$/.test(fields[name].trim())) {
      problems[name] = 'Write US dollars such as 0.25, with at most six decimals.';
    }
  }
  if (priceKinds.every(({ name }) => fields[name].trim() === '')) problems.prompt = 'Write at least one price; 0 is free.';
  if (fields.from !== '' && !(Date.parse(momentOf(fields.from)) > now)) problems.from = 'Choose a later moment, or none for now.';
  return problems;
}

/** The body of the call. Prices stay the text that was written: they must not pass through a binary fraction. */
export function bodyOf(fields: RateFields): Record<string, string> {
  const body: Record<string, string> = {};
  for (const { name } of priceKinds) {
    const price = fields[name].trim();
    if (price !== '') body[name] = price;
  }
  if (fields.from !== '') body['from'] = momentOf(fields.from);
  if (fields.by.trim() !== '') body['by'] = fields.by.trim();
  return body;
}

/** A field for date and time has no zone; this one is labelled as UTC's. */
export function momentOf(field: string): string {
  return `${field}Z`;
}
