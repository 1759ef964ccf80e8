import { formatMoney } from '../../charts/money';
import { formatCount } from '../../models/format';
import { formatMonth } from '../time';
import type { Invoice, InvoiceHead, InvoiceLine } from '../wire';

const kinds: Record<string, string> = {
  prompt: 'Prompt tokens',
  cached: 'Cached prompt tokens',
  completion: 'Completion tokens',
  embeddings: 'Embedded tokens',
  video_second: 'Seconds of video',
  gpu_seconds: 'Gpu seconds',
};

/** The parts of an invoice, in their order; the first one needs no title. */
export const sections: readonly { type: InvoiceLine['type']; title: string }[] = [
  { type: 'usage', title: 'Usage of the month' },
  { type: 'late_usage', title: 'Earlier months, recorded late' },
  { type: 'rerating', title: 'Corrections by re-rating' },
  { type: 'cold_start', title: 'Not charged: gpu time of cold starts' },
];

export interface Section {
  title: string;
  lines: InvoiceLine[];
}

export function sectionsOf(invoice: Pick<Invoice, 'lines'>): Section[] {
  return sections
    .map(({ type, title }) => ({ title, lines: invoice.lines.filter((line) => line.type === type) }))
    .filter(({ lines }) => lines.length > 0);
}

/** "No. 000042", or what a draft is one of. */
export function invoiceTitle(invoice: InvoiceHead): string {
  return invoice.status === 'final' ? `Invoice No. ${invoice.id}` : `Draft of ${formatMonth(invoice.month)}`;
}

export function lineLabel(line: InvoiceLine, month: string): string {
  const of = line.month === month ? '' : ` of ${formatMonth(line.month)}`;
  return `${kinds[line.kind] ?? line.kind}${of}`;
}

/** "rate v2", "rate v1 → v2"; nothing where there is none. */
export function lineRate({ rate_version, old_rate_version }: InvoiceLine): string {
  if (rate_version === null) return '';
  return old_rate_version === null ? `rate ${version(rate_version)}` : `rate ${version(old_rate_version)} → ${version(rate_version)}`;
}

/** Whole tokens, or seconds with what decimals they have. */
export function lineQuantity({ quantity, unit }: InvoiceLine): string {
  const [whole = '0', decimals = ''] = quantity.replace(/^-/, '').split('.');
  const kept = unit === 'token' ? '' : `.${decimals.replace(/0+$/, '').padEnd(1, '0')}`;
  return `${quantity.startsWith('-') ? '−' : ''}${formatCount(Number(whole))}${kept}`;
}

export function linePrice(line: InvoiceLine): string {
  if (line.type === 'cold_start') return 'free';
  return `${formatMoney(line.price)} / ${line.unit === 'token' ? '1M' : 's'}`;
}

function version(number: number): string {
  return number === 0 ? 'none' : `v${number}`;
}
