import { useState } from 'react';
import { ViewSwitch } from '../charts/ChartPanel';
import { DataTable } from '../charts/DataTable';
import { Panel } from '../charts/Panel';
import { durationOf } from '../charts/quantity';
import { TimeChart, type ChartView } from '../charts/TimeChart';
import { hourMs } from '../charts/time';
import { formatDuration } from '../models/format';
import { seriesFrom, useGpuTime } from './figures';
import { windowWords, type ChosenScope } from './scope';
import { gpuTimeByHour, gpuTimeByModel } from './series';
import classes from './SwapsPanel.module.css';

/** In the colours that the states have. */
const uses = [
  { key: 'active', label: 'Active', look: 2 },
  { key: 'warming', label: 'Warming up (free)', look: 1 },
  { key: 'sleeping', label: 'Asleep', look: 0 },
];

const columns = [{ key: 'model', label: 'Model' }, ...uses.map(({ key, label }) => ({ key, label, numeric: true }))];

/** What replicas held gpus for. It is nobody's project's, so it is shown of all. */
export function GpuTimePanel({ scope }: { scope: ChosenScope }) {
  const time = useGpuTime(scope);
  const [view, setView] = useState<ChartView>('chart');
  const rows = time.data?.data ?? [];
  const byHour = scope.window === '24h';
  const models = gpuTimeByModel(rows);
  return (
    <Panel
      title="GPU time"
      note={`${windowWords(scope.window)} · of all projects${byHour ? ' · by hour' : ''}`}
      query={time}
      action={byHour && models.length > 0 ? <ViewSwitch title="GPU time" view={view} onChange={setView} /> : undefined}
    >
      {models.length === 0 ? (
        <p className={classes.none}>No replica held a GPU.</p>
      ) : (
        <>
          {byHour && (
            <TimeChart
              view={view}
              data={{
                label: `GPU time by hour, ${windowWords(scope.window)}`,
                kind: 'stacked-bars',
                quantity: durationOf('GPU time'),
                series: uses,
                rows: gpuTimeByHour(rows, seriesFrom(scope.window, time.dataUpdatedAt), time.dataUpdatedAt),
                step: hourMs,
              }}
            />
          )}
          <DataTable
            caption={`GPU time by model, ${windowWords(scope.window)}`}
            shownCaption
            columns={columns}
            rows={models.map(([model, { active, warming, sleeping }]) => ({
              key: model,
              cells: [model, formatDuration(active), formatDuration(warming), formatDuration(sleeping)],
            }))}
          />
        </>
      )}
    </Panel>
  );
}
