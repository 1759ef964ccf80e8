import { describe, expect, it } from 'vitest';
import type { InvoiceLine } from '../wire';
import { lineLabel, linePrice, lineQuantity, lineRate, sectionsOf } from './invoices';

function line(more: Partial<InvoiceLine> = {}): InvoiceLine {
  return {
    type: 'usage', month: '2026-11', model: 'm', kind: 'prompt', rate_version: 2, old_rate_version: null, quantity: '1234567', unit: 'token',
    price: '0.250000', exact: '0.308641750000', amount: '0.31', ...more,
  };
}

describe('lines of an invoice', () => {
  it('say what was used, by which rate, for how much', () => {
    expect([lineLabel(line(), '2026-11'), lineRate(line()), lineQuantity(line()), linePrice(line())]).toEqual([
      'Prompt tokens', 'rate v2', '1,234,567', '$0.25 / 1M',
    ]);
  });

  it('say which month they belong to where it is another one', () => {
    expect(lineLabel(line({ type: 'late_usage', month: '2026-10' }), '2026-11')).toBe('Prompt tokens of October 2026');
  });

  it('of a re-rating say both rates, and the difference as it is', () => {
    const rerating = line({ type: 'rerating', old_rate_version: 0, price: '-0.100000' });
    expect([lineRate(rerating), linePrice(rerating)]).toEqual(['rate none → v2', '−$0.10 / 1M']);
  });

  it('of cold starts are free, in seconds', () => {
    const cold = line({ type: 'cold_start', kind: 'gpu_seconds', rate_version: null, quantity: '12.345600', unit: 'gpu_second', price: '0' });
    expect([lineLabel(cold, '2026-11'), lineRate(cold), lineQuantity(cold), linePrice(cold)]).toEqual(['Gpu seconds', '', '12.3456', 'free']);
  });

  it('stand in sections, none of them empty', () => {
    const invoice = { lines: [line({ type: 'cold_start' }), line(), line({ model: 'n' })] };
    expect(sectionsOf(invoice).map(({ title, lines }) => [title, lines.length])).toEqual([
      ['Usage of the month', 2],
      ['Not charged: gpu time of cold starts', 1],
    ]);
  });
});
