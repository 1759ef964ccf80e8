import { Panel } from '../charts/Panel';
import { formatMoney } from '../charts/money';
import { formatRate, formatShare, none } from '../charts/quantity';
import { formatCount, plural } from '../models/format';
import { formatUs } from './durations';
import { useSummary, type Figures } from './figures';
import { windowWords, type ChosenScope } from './scope';
import { useNoRequests } from './useNoRequests';
import classes from './FiguresPanel.module.css';

/** What the window comes to, in all. */
export function FiguresPanel({ scope }: { scope: ChosenScope }) {
  const summary = useSummary(scope);
  const noRequests = useNoRequests(scope);
  const total = summary.data?.total;
  return (
    <Panel title="Figures" note={windowWords(scope.window)} query={summary} empty={total?.requests === 0 ? noRequests : null} loadingHeightPx={120}>
      {total !== undefined && <Content total={total} />}
    </Panel>
  );
}

function Content({ total }: { total: Figures }) {
  const uncached = total.prompt_tokens - total.cached_tokens;
  return (
    <>
      <dl className={classes.figures}>
        <Figure label="Requests" value={formatCount(total.requests)} more={endings(total)} />
        <Figure
          label="Tokens"
          value={formatCount(total.prompt_tokens + total.completion_tokens)}
          more={`${formatCount(uncached)} prompt + ${formatCount(total.cached_tokens)} cached + ${formatCount(total.completion_tokens)} completion`}
        />
        <Figure label="Latency, average" value={formatUs(total.latency_us.average)} more="start to end" />
        <Figure label="Latency, p95" value={formatUs(total.latency_us.p95)} more="within 2 %" />
        <Figure label="Time to first token, average" value={formatUs(total.first_token_us.average)} more={`of ${plural(total.first_token_us.count, 'stream')}`} />
        <Figure label="Time to first token, p95" value={formatUs(total.first_token_us.p95)} more="within 2 %" />
        <Figure label="Tokens per second" value={total.tokens_per_second === null ? none : formatRate(total.tokens_per_second)} more="while generating" />
        <Figure label="Total cost" value={formatMoney(total.cost)} more="exact, unrounded" />
      </dl>
      <section className={classes.coldStarts} aria-label="Cold-start tax">
        <h3>Cold-start tax</h3>
        <dl className={classes.figures}>
          <Figure label="Cold starts met" value={plural(total.cold_starts.count, 'request')} more="waited for a start or a wake" />
          <Figure label="Time waited for them" value={formatUs(total.cold_starts.waited_us)} more="of all requests together" />
          <Figure label="Share that met one" value={share(total.cold_starts.share)} more="of all requests" />
          <Figure label="Share that waited at all" value={share(total.parked.share)} more={`${plural(total.parked.count, 'request')}, ${formatUs(total.parked.waited_us)} together`} />
        </dl>
      </section>
    </>
  );
}

function Figure({ label, value, more }: { label: string; value: string; more: string }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd className="tabular">
        <b>{value}</b>
        <small>{more}</small>
      </dd>
    </div>
  );
}

function share(value: number | null): string {
  return value === null ? none : formatShare(value);
}

/** "all completed", "3 failed · 1 cancelled" */
function endings({ failed, truncated, cancelled }: Figures): string {
  const parts = [
    [failed, 'failed'],
    [truncated, 'truncated'],
    [cancelled, 'cancelled'],
  ] as const;
  const shown = parts.filter(([count]) => count > 0).map(([count, word]) => `${formatCount(count)} ${word}`);
  return shown.length === 0 ? 'all completed' : shown.join(' · ');
}
