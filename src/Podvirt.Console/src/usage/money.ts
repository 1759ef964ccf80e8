/** Money and quantities come as decimals in text, and stay exact: sums are made of whole numbers of 10⁻¹² USD. */
const places = 12;
const unit = 10n ** BigInt(places);

/** Throws for anything but digits with at most twelve decimals. */
export function picoOf(amount: string): bigint {
  const match = /^(-?)(\d+)(?:\.(\d{1,12}))?$/.exec(amount);
  if (match === null) throw new RangeError(`'${amount}' is no amount.`);
  const [, sign, whole = '0', decimals = ''] = match;
  const pico = BigInt(whole) * unit + BigInt(decimals.padEnd(places, '0'));
  return sign === '-' ? -pico : pico;
}

/** Twelve decimals, as the server writes them. */
export function amountOf(pico: bigint): string {
  const size = pico < 0n ? -pico : pico;
  return `${pico < 0n ? '-' : ''}${size / unit}.${(size % unit).toString().padStart(places, '0')}`;
}

export function sumOf(amounts: Iterable<string>): string {
  let sum = 0n;
  for (const amount of amounts) sum += picoOf(amount);
  return amountOf(sum);
}

export interface MoneyParts {
  sign: '' | '−';
  /** With dollar sign, groups and at least two decimals. */
  cents: string;
  /** The decimals behind those. */
  rest: string;
}

/** Keeps every decimal that came: `1234.5678` is −, $1,234.56 and 78. */
export function partsOf(amount: string): MoneyParts {
  const [whole = '0', decimals = ''] = amount.replace(/^-/, '').split('.');
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ',');
  return {
    sign: amount.startsWith('-') ? '−' : '',
    cents: `$${grouped}.${decimals.slice(0, 2).padEnd(2, '0')}`,
    rest: decimals.slice(2),
  };
}

export function textOf(amount: string): string {
  const { sign, cents, rest } = partsOf(amount);
  return `${sign}${cents}${rest}`;
}
