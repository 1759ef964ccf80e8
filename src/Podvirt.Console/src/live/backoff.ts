const firstMs = 500;
const longestMs = 15_000;

/** The wait before reconnect number `attempt` (from 1): doubling, capped, and spread so that many tabs do not return at once. */
export function backoffMs(attempt: number, random: () => number = Math.random): number {
  const full = Math.min(longestMs, firstMs * 2 ** Math.min(attempt - 1, 10));
  return Math.round(full / 2 + (full / 2) * random());
}
