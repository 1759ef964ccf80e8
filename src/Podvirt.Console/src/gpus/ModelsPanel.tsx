import { Button } from '@mantine/core';
import { useState } from 'react';
import { DataTable } from '../charts/DataTable';
import { Panel } from '../charts/Panel';
import { none } from '../charts/quantity';
import { useModels } from '../live/ModelFeed';
import { formatBytes, formatCount, formatDuration, plural } from '../models/format';
import { isExternal, type ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import { useSession } from '../session/session';
import { warmUpLine } from '../models/warmUp';
import { FailureDialog } from './FailureDialog';
import { useFleet, type Replica } from './fleet';
import { isAsleep } from './memory';
import classes from './ModelsPanel.module.css';

const columns = [
  { key: 'model', label: 'Model' },
  { key: 'state', label: 'State', short: true },
  { key: 'gpu', label: 'GPU', short: true },
  { key: 'memory', label: 'Memory', short: true },
  { key: 'requests', label: 'Total requests', numeric: true },
  { key: 'startup', label: 'Startup duration', numeric: true },
  { key: 'situation', label: 'Now' },
];

/** Every model with its state, as the feed tells it. */
export function ModelsPanel() {
  const models = useModels();
  const fleet = useFleet();
  const [shown, setShown] = useState<string | null>(null);
  const [opened, setOpened] = useState(false);
  const show = (id: string) => {
    setShown(id);
    setOpened(true);
  };
  const list = models.data ?? [];
  const failed = list.find(({ id }) => id === shown);
  return (
    <Panel
      title="Models"
      note={models.data === undefined ? undefined : summary(list)}
      query={models}
      empty={list.length > 0 ? null : { title: 'No models yet', text: <>Add one under <code>models:</code> in <code>podvirt.yaml</code>.</>, action: { label: 'Look again', run: () => void models.refetch() } }}
    >
      <DataTable
        caption="Models and their states"
        columns={columns}
        rows={list.map((model) => ({
          key: model.id,
          cells: [
            <Name key="name" model={model} />,
            <State key="state" model={model} onShow={() => show(model.id)} />,
            gpuWords(model),
            <Memory key="memory" model={model} replicas={fleet.data?.replicas.filter(({ model: of }) => of === model.id) ?? []} />,
            model.requests_total === null ? none : formatCount(model.requests_total),
            model.startup_duration_ms === null ? none : formatDuration(model.startup_duration_ms),
            <Situation key="now" model={model} />,
          ],
        }))}
      />
      <FailureDialog model={failed} opened={opened} onClose={() => setOpened(false)} />
    </Panel>
  );
}

function Name({ model }: { model: ModelView }) {
  return (
    <span className={classes.name}>
      {model.name}
      <code>{model.id}</code>
    </span>
  );
}

function gpuWords({ gpu, engine }: ModelView): string {
  if (engine === 'external' || gpu === null || gpu.count === 0) return 'None here';
  return `${gpu.count} × ${gpu.type ?? 'any GPU'}`;
}

/** What it needs on each gpu, and what its replicas hold there now. */
function Memory({ model, replicas }: { model: ModelView; replicas: Replica[] }) {
  if (isExternal(model) || model.gpu === null || model.gpu.memory_bytes === 0) return none;
  const held = (asleep: boolean) =>
    replicas.filter(({ state }) => state !== 'failed' && isAsleep(state) === asleep).reduce((sum, { memory_bytes, gpus }) => sum + memory_bytes * gpus.length, 0);
  const parts = [
    [held(false), 'held awake'],
    [held(true), 'held asleep'],
  ] as const;
  return (
    <span className={classes.memory}>
      {formatBytes(model.gpu.memory_bytes)}
      {parts.map(([bytes, words]) => bytes > 0 && <small key={words}>{`${formatBytes(bytes)} ${words}`}</small>)}
    </span>
  );
}

function State({ model, onShow }: { model: ModelView; onShow: () => void }) {
  const isAdmin = useSession().data?.role === 'admin';
  return (
    <span className={classes.state}>
      <StatusBadge status={model.status} />
      {model.status === 'Failed' && (
        <Button size="compact-xs" variant="default" onClick={onShow} aria-label={`Why ${model.name} failed`}>
          {isAdmin && !isExternal(model) ? 'Reason and log' : 'Reason'}
        </Button>
      )}
    </span>
  );
}

/** Why it is not simply serving, or what it is busy with. */
function Situation({ model }: { model: ModelView }) {
  if (model.status === 'Failed') {
    return (
      <span className={classes.situation} data-tone="failed">
        {model.reason ?? 'The server gave no reason.'}
      </span>
    );
  }
  const parts: string[] = [];
  if (model.warm_up !== null) parts.push(warmUpLine(model.warm_up));
  if (model.in_flight > 0) parts.push(`${formatCount(model.in_flight)} in flight`);
  if (model.waiting > 0) parts.push(`${formatCount(model.waiting)} waiting`);
  if (model.failed_replicas > 0) parts.push(`${plural(model.failed_replicas, 'replica')} failed`);
  return <span className={`${classes.situation} tabular`}>{parts.length === 0 ? none : parts.join(' · ')}</span>;
}

/** "7 models · 2 active · 1 failed" */
function summary(models: ModelView[]): string {
  const parts = [plural(models.length, 'model')];
  for (const status of ['Active', 'Warming Up', 'Sleeping', 'Cold', 'Failed']) {
    const count = models.filter((model) => model.status === status).length;
    if (count > 0) parts.push(`${count} ${status.toLowerCase()}`);
  }
  return parts.join(' · ');
}
