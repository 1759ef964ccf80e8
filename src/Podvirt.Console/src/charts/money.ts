/** Money is a decimal string from the ledger to the screen; nothing here goes through a binary fraction. */

/** "$1,234.50", "$0.00012345": every digit there is, at least two decimals. */
export function formatMoney(exact: string): string {
  const negative = exact.startsWith('-');
  const [whole = '0', decimals = ''] = (negative ? exact.slice(1) : exact).split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return `${negative ? '−' : ''}$${grouped}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`;
}

const scale = 12;

/** Picodollars, exactly. */
function units(exact: string): bigint {
  const negative = exact.startsWith('-');
  const [whole = '0', decimals = ''] = (negative ? exact.slice(1) : exact).split('.');
  const value = BigInt(whole + decimals.padEnd(scale, '0').slice(0, scale));
  return negative ? -value : value;
}

function exactOf(amount: bigint): string {
  const digits = String(amount < 0n ? -amount : amount).padStart(scale + 1, '0');
  return `${amount < 0n ? '-' : ''}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** The exact sum. */
export function addMoney(amounts: readonly string[]): string {
  return exactOf(amounts.reduce((total, amount) => total + units(amount), 0n));
}

/** What so much of something costs at this price for one; both with at most six decimals. */
export function timesMoney(price: string, quantity: string): string {
  return exactOf((units(price) * units(quantity)) / 10n ** BigInt(scale));
}

/** Which of two amounts is more: for sorting. */
export function compareMoney(left: string, right: string): number {
  const difference = units(left) - units(right);
  return difference < 0n ? -1 : difference > 0n ? 1 : 0;
}

/** The part of a whole, 0 to 1, for the length of a bar; 0 of nothing. */
export function shareOfMoney(part: string, whole: string): number {
  const all = units(whole);
  return all === 0n ? 0 : Number((units(part) * 1_000_000n) / all) / 1_000_000;
}
