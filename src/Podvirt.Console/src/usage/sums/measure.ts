import { moneyOf, countOf, type Quantity } from '../../charts/quantity';
import { compareMoney, shareOfMoney } from '../../charts/money';
import type { UsageRow } from '../wire';

/** What bars and shares show. */
export const measures = [
  { value: 'cost', label: 'Cost' },
  { value: 'requests', label: 'Requests' },
  { value: 'tokens', label: 'Tokens' },
] as const;

export type Measure = (typeof measures)[number]['value'];

export function measureFrom(params: URLSearchParams): Measure {
  return measures.find(({ value }) => value === params.get('show'))?.value ?? 'cost';
}

export const quantities: Record<Measure, Quantity> = {
  cost: moneyOf('Cost in US dollars'),
  requests: countOf('Requests'),
  tokens: countOf('Prompt and completion tokens'),
};

/** Cached tokens are prompt tokens, and reasoning tokens completion tokens. */
export function tokensOf(row: UsageRow): number {
  return row.prompt_tokens + row.completion_tokens;
}

/** Cost stays the exact decimal that came. */
export function valueOf(row: UsageRow, measure: Measure): number | string {
  if (measure === 'cost') return row.cost;
  return measure === 'requests' ? row.requests : tokensOf(row);
}

/** A row's part of the total, 0 to 1. */
export function shareOf(row: UsageRow, total: UsageRow, measure: Measure): number {
  if (measure === 'cost') return shareOfMoney(row.cost, total.cost);
  const all = Number(valueOf(total, measure));
  return all === 0 ? 0 : Number(valueOf(row, measure)) / all;
}

/** The largest first; equal ones by name. */
export function bySize(rows: readonly UsageRow[], measure: Measure): UsageRow[] {
  const compare = (a: UsageRow, b: UsageRow) =>
    measure === 'cost' ? compareMoney(b.cost, a.cost) : Number(valueOf(b, measure)) - Number(valueOf(a, measure));
  return [...rows].sort((a, b) => compare(a, b) || (a.group < b.group ? -1 : 1));
}

/** Everything that a model did not simply finish. */
export function notCompleted(row: UsageRow): number {
  return row.cancelled + row.truncated + row.failed;
}

/** Requests that nothing is billed for, because their engine reported no counts, or impossible ones. */
export function notCounted(row: UsageRow): number {
  return row.unreported + row.quarantined;
}
