import type { ChartData, Row } from '../charts/chart';
import { ChartPanel } from '../charts/ChartPanel';
import { countOf, durationOf, moneyOf, rateOf } from '../charts/quantity';
import { readerZone } from '../charts/time';
import { useSeries, useSummary, useSwaps, windows, type Durations, type Figures } from './figures';
import { windowWords, type ChosenScope } from './scope';
import { costByModel, marksOf, milliseconds, requestRate, rowsOf, tokenValues } from './series';
import classes from './GpuDashboardPage.module.css';

/** Models that the costs are drawn of by name; the others are one colour. */
const namedMost = 6;

/** How the figures went, minute by minute or hour by hour, with the swaps marked. */
export function SeriesPanels({ scope }: { scope: ChosenScope }) {
  const series = useSeries(scope, 'none');
  const byModel = useSeries(scope, 'model');
  const summary = useSummary(scope);
  const swaps = useSwaps(scope);
  const { stepMs, step } = windows[scope.window];
  const marks = marksOf(swaps.data?.data ?? [], stepMs, readerZone());
  const points = series.data?.data[0]?.points ?? [];
  const note = `by ${step}`;

  const drawn = (name: string, chart: Omit<ChartData, 'label' | 'step' | 'rows' | 'marks' | 'marksListed'>, values: (figures: Figures, at: number) => Row['values']) =>
    series.data === undefined
      ? null
      : { ...chart, label: `${name} by ${step}, ${windowWords(scope.window)}`, step: stepMs, rows: rowsOf(points, values), marks, marksListed: false };
  const two = [
    { key: 'average', label: 'Average' },
    { key: 'p95', label: 'p95' },
  ];
  const totals = new Map(summary.data?.data.map(({ model, figures }) => [model, figures.cost]));
  const costs = byModel.data === undefined ? null : costByModel(byModel.data, totals, namedMost);

  return (
    <div className={classes.charts}>
      <ChartPanel
        title="Request rate"
        note={`requests a minute, ${note}`}
        query={series}
        data={drawn(
          'Requests a minute',
          { kind: 'area', quantity: rateOf('Requests a minute'), series: [{ key: 'rate', label: 'Requests a minute' }] },
          ({ requests }, at) => ({ rate: requestRate(requests, at, stepMs, series.dataUpdatedAt) }),
        )}
      />
      <ChartPanel
        title="Tokens"
        note={note}
        query={series}
        data={drawn(
          'Tokens',
          {
            kind: 'stacked-bars',
            quantity: countOf('Tokens'),
            series: [
              { key: 'prompt', label: 'Prompt' },
              { key: 'cached', label: 'Cached prompt' },
              { key: 'completion', label: 'Completion' },
            ],
          },
          tokenValues,
        )}
      />
      <ChartPanel
        title="Latency"
        note={note}
        query={series}
        data={drawn('Latency', { kind: 'line', quantity: durationOf('Latency'), series: two }, ({ latency_us }) => durationValues(latency_us))}
      />
      <ChartPanel
        title="Time to first token"
        note={note}
        query={series}
        data={drawn('Time to first token', { kind: 'line', quantity: durationOf('Time to first token'), series: two }, ({ first_token_us }) =>
          durationValues(first_token_us),
        )}
      />
      <ChartPanel
        title="Tokens per second"
        note={note}
        query={series}
        data={drawn(
          'Tokens per second',
          { kind: 'line', quantity: rateOf('Tokens per second'), series: [{ key: 'speed', label: 'Tokens per second' }] },
          ({ tokens_per_second }) => ({ speed: tokens_per_second }),
        )}
      />
      <ChartPanel
        title="Cost"
        note={`by ${step} and model`}
        query={byModel}
        data={costs === null ? null : { kind: 'stacked-bars', quantity: moneyOf('Cost'), label: `Cost by ${step} and model, ${windowWords(scope.window)}`, step: stepMs, marks, marksListed: false, ...costs }}
      />
    </div>
  );
}

function durationValues({ average, p95 }: Durations): Row['values'] {
  return { average: milliseconds(average), p95: milliseconds(p95) };
}
