import { DataTable } from '../charts/DataTable';
import { compareMoney, formatMoney, shareOfMoney } from '../charts/money';
import { Panel } from '../charts/Panel';
import { formatRate, formatShare, none } from '../charts/quantity';
import { formatCount } from '../models/format';
import { averageAndP95, formatUs } from './durations';
import { useSummary, type Figures } from './figures';
import { windowWords, type ChosenScope } from './scope';
import classes from './SpendPanel.module.css';

const columns = [
  { key: 'model', label: 'Model' },
  { key: 'cost', label: 'Cost', numeric: true },
  { key: 'share', label: 'Share of the cost', short: true },
  { key: 'requests', label: 'Requests', numeric: true },
  { key: 'tokens', label: 'Tokens', numeric: true },
  { key: 'latency', label: 'Latency, average / p95', numeric: true },
  { key: 'first', label: 'First token, average / p95', numeric: true },
  { key: 'speed', label: 'Tokens/s', numeric: true },
  { key: 'cold', label: 'Cold starts', numeric: true },
];

/** What each model cost, the dearest first. */
export function SpendPanel({ scope }: { scope: ChosenScope }) {
  const summary = useSummary(scope);
  const total = summary.data?.total.cost ?? '0';
  const rows = [...(summary.data?.data ?? [])].sort((a, b) => compareMoney(b.figures.cost, a.figures.cost) || (a.model < b.model ? -1 : 1));
  return (
    <Panel title="Spend by model" note={windowWords(scope.window)} query={summary}>
      <DataTable
        caption={`Spend by model, ${windowWords(scope.window)}`}
        columns={columns}
        rows={rows.map(({ model, figures }) => ({
          key: model,
          cells: [
            <span key="model" className={classes.model}>{model}</span>,
            formatMoney(figures.cost),
            <Share key="share" share={shareOfMoney(figures.cost, total)} />,
            formatCount(figures.requests),
            formatCount(figures.prompt_tokens + figures.completion_tokens),
            averageAndP95(figures.latency_us),
            averageAndP95(figures.first_token_us),
            figures.tokens_per_second === null ? none : formatRate(figures.tokens_per_second),
            coldStarts(figures),
          ],
        }))}
      />
    </Panel>
  );
}

function Share({ share }: { share: number }) {
  return (
    <span className={classes.share}>
      <span className={classes.track} aria-hidden="true">
        <span className={classes.fill} style={{ width: `${share * 100}%` }} />
      </span>
      <span className="tabular">{formatShare(share)}</span>
    </span>
  );
}

function coldStarts({ cold_starts: { count, waited_us } }: Figures): string {
  return count === 0 ? '0' : `${formatCount(count)} (${formatUs(waited_us)})`;
}
