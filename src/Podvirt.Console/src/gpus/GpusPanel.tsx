import { useState } from 'react';
import { ViewSwitch } from '../charts/ChartPanel';
import { Panel } from '../charts/Panel';
import type { ChartView } from '../charts/TimeChart';
import { useModels } from '../live/ModelFeed';
import { formatBytes, plural } from '../models/format';
import { useFleet, type FleetLists, type Gpu } from './fleet';
import { GpuMemory } from './GpuMemory';
import { GpuTable } from './GpuTable';
import classes from './GpusPanel.module.css';

/** The gpus and who holds their memory, as the feed tells it. */
export function GpusPanel() {
  const fleet = useFleet();
  const [view, setView] = useState<ChartView>('chart');
  const gpus = fleet.data?.gpus ?? [];
  return (
    <Panel
      title="GPU memory"
      note={fleet.data === undefined ? undefined : summary(gpus)}
      query={fleet}
      action={gpus.length > 0 ? <ViewSwitch title="GPU memory" view={view} onChange={setView} /> : undefined}
      empty={
        gpus.length > 0
          ? null
          : {
              title: 'No GPUs',
              text: <>No node has one. <code>gpus:</code> in <code>podvirt.yaml</code> says which there are; external models need none.</>,
              action: { label: 'Look again', run: () => void fleet.refetch() },
            }
      }
    >
      {fleet.data !== undefined && <Content fleet={fleet.data} view={view} />}
    </Panel>
  );
}

function Content({ fleet, view }: { fleet: FleetLists; view: ChartView }) {
  const models = useModels().data?.map(({ id }) => id) ?? [];
  if (view === 'table') return <GpuTable fleet={fleet} />;
  return (
    <ul className={classes.gpus} aria-label="GPUs">
      {fleet.gpus.map((gpu) => (
        <GpuMemory key={gpu.id} gpu={gpu} replicas={fleet.replicas} models={models} />
      ))}
    </ul>
  );
}

/** "2 GPUs · 42 GiB reserved · 2 GiB asleep · 116 GiB free" */
function summary(gpus: Gpu[]): string {
  const sum = (of: (gpu: Gpu) => number) => formatBytes(gpus.reduce((total, gpu) => total + of(gpu), 0));
  return [
    plural(gpus.length, 'GPU'),
    `${sum((gpu) => gpu.reserved_bytes)} reserved`,
    `${sum((gpu) => gpu.sleeping_bytes)} asleep`,
    `${sum((gpu) => gpu.free_bytes)} free`,
  ].join(' · ');
}
