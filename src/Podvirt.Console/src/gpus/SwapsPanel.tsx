import { DataTable } from '../charts/DataTable';
import { Panel } from '../charts/Panel';
import { readerZone } from '../charts/time';
import { formatCount } from '../models/format';
import { averageAndP95 } from './durations';
import { useSwaps, windows } from './figures';
import { windowWords, type ChosenScope } from './scope';
import { marksOf } from './series';
import classes from './SwapsPanel.module.css';

const columns = [
  { key: 'when', label: 'When', short: true },
  { key: 'swap', label: 'Swap' },
  { key: 'latency', label: 'Latency before', numeric: true },
  { key: 'latencyAfter', label: 'Latency after', numeric: true },
  { key: 'first', label: 'First token before', numeric: true },
  { key: 'firstAfter', label: 'First token after', numeric: true },
  { key: 'requests', label: 'Requests before, after', numeric: true },
];

/** Each change of a model's revision, and what it did to latency and time to first token. */
export function SwapsPanel({ scope }: { scope: ChosenScope }) {
  const swaps = useSwaps(scope);
  const list = swaps.data?.data ?? [];
  const marks = marksOf(list, windows[scope.window].stepMs, readerZone());
  return (
    <Panel title="Model swaps" note={`${windowWords(scope.window)} · average / p95, before: since a day earlier`} query={swaps} loadingHeightPx={48}>
      {list.length === 0 ? (
        <p className={classes.none}>No model began to serve with another revision.</p>
      ) : (
        <DataTable
          caption={`Model swaps, ${windowWords(scope.window)}`}
          columns={columns}
          rows={list.map(({ before, after, ...swap }, place) => ({
            key: `${swap.model} ${swap.to_revision}`,
            cells: [
              marks[place]?.when, <span key="swap" className={classes.swap}>{marks[place]?.label}</span>, averageAndP95(before.latency_us), averageAndP95(after.latency_us), averageAndP95(before.first_token_us), averageAndP95(after.first_token_us),
              `${formatCount(before.requests)}, ${formatCount(after.requests)}`,
            ],
          }))}
        />
      )}
    </Panel>
  );
}
