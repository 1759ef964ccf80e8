import { formatMoney, timesMoney } from '../charts/money';
import { formatPrice } from '../models/format';

/** "4 s at $0.05 cost $0.20." What a video of unknown length costs is not guessed. */
export function costWords(price: string | null, seconds: number | ''): string {
  if (price === null) return '';
  if (seconds === '' || !(seconds > 0)) return `A second costs ${formatPrice(price)}.`;
  return `${seconds} s at ${formatPrice(price)} cost ${formatMoney(timesMoney(price, seconds.toFixed(6)))}.`;
}
