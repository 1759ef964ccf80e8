import { DataTable } from '../../charts/DataTable';
import { formatMoney } from '../../charts/money';
import { none } from '../../charts/quantity';
import { formatCount } from '../../models/format';
import { Money } from '../Money';
import { sumOf } from '../money';
import type { CostLine, RequestDetail } from '../wire';
import classes from './RequestsPage.module.css';

const kinds: Record<string, string> = {
  prompt: 'Prompt tokens',
  cached: 'Cached prompt tokens',
  completion: 'Completion tokens',
  embedding: 'Embedded tokens',
  video: 'Seconds of video',
  adjustment: 'Adjustment by re-rating',
};

/** What a request used times what that costs, line by line; below it the sum of these lines, which is what is billed. */
export function CostTable({ request }: { request: RequestDetail }) {
  const lines = request.cost_lines;
  if (lines === null || lines.length === 0) {
    return (
      <p className={classes.note}>
        <Money amount={request.cost} />. {withoutLines(request)}
      </p>
    );
  }
  return (
    <DataTable
      caption="Cost of this request"
      columns={[
        { key: 'kind', label: 'What' },
        { key: 'amount', label: 'Used', numeric: true },
        { key: 'price', label: 'Price', numeric: true },
        { key: 'cost', label: 'Cost', numeric: true },
      ]}
      rows={lines.map((line) => ({
        key: line.kind,
        cells: [kinds[line.kind] ?? line.kind, amountText(line), priceText(line), <Money key="cost" amount={line.cost} />],
      }))}
      foot={['Billed', '', '', <Money key="sum" amount={sumOf(lines.map(({ cost }) => cost))} />]}
    />
  );
}

function withoutLines(request: RequestDetail): string {
  if (request.usage_source !== 'engine') return 'It has no counts that can be billed, so nothing is.';
  return request.cost_lines === null ? 'The rate that it was billed by is no longer known, so its parts cannot be shown.' : 'Nothing was used.';
}

function amountText({ kind, amount }: CostLine): string {
  if (amount === null) return none;
  return kind === 'video' ? `${formatCount(Math.floor(amount / 1_000_000))}.${String(amount % 1_000_000).padStart(6, '0')} s` : formatCount(amount);
}

function priceText({ kind, price }: CostLine): string {
  if (price === null) return none;
  return `${formatMoney(price)} / ${kind === 'video' ? 's' : '1M'}`;
}
