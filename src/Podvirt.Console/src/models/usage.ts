import { formatCount } from './format';

export type UsageTone = 'good' | 'filling' | 'full';

/** Green below 70 % of the limit, yellow to 90 %, red above. */
export function usageTone(used: number, limit: number): UsageTone {
  const share = limit > 0 ? used / limit : 1;
  if (share < 0.7) return 'good';
  return share <= 0.9 ? 'filling' : 'full';
}

/** The tone in words, so that colour carries nothing alone. */
export function usageWord(used: number, limit: number): string {
  if (used >= limit) return 'Used up';
  return { good: 'Within the limit', filling: 'Filling up', full: 'Nearly used up' }[usageTone(used, limit)];
}

/** Whole per cent, rounded down: what is not used up never reads as 100 %. */
export function usagePercent(used: number, limit: number): number {
  return limit > 0 ? Math.floor((used / limit) * 100) : 100;
}

/** "7,200 of 10,000 tokens" or, without a limit, "7,200 tokens". */
export function usageFigures(used: number, limit: number | null, unit = 'tokens'): string {
  return limit === null ? `${formatCount(used)} ${unit}` : `${formatCount(used)} of ${formatCount(limit)} ${unit}`;
}
