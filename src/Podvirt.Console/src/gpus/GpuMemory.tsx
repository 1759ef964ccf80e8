import { formatBytes } from '../models/format';
import { stateWords, type Gpu, type Replica } from './fleet';
import { memoryLayout, type Stretch } from './memory';
import classes from './GpusPanel.module.css';

/** One gpu: its memory as a bar, and the same in words below it. */
export function GpuMemory({ gpu, replicas, models }: { gpu: Gpu; replicas: Replica[]; models: string[] }) {
  const { stretches, excessBytes } = memoryLayout(gpu);
  return (
    <li className={classes.gpu}>
      <div className={classes.head}>
        <h3>
          {gpu.type} {gpu.index}
        </h3>
        <span className={classes.place}>
          {gpu.node}
          {gpu.simulated && ' · simulated'}
          {gpu.status !== 'available' && ` · ${gpu.status}`}
        </span>
        <span className={`${classes.total} tabular`}>{formatBytes(gpu.memory_bytes)}</span>
      </div>
      <div className={classes.bar} role="img" aria-label={`Memory of ${gpu.type} ${gpu.index}: ${words(gpu)}`}>
        {stretches.map((stretch) => (
          <span
            key={stretch.key}
            className={classes.stretch}
            data-use={stretch.use}
            style={{ flexGrow: stretch.share, '--tone': toneOf(stretch, models) } as React.CSSProperties}
          >
            <span className={classes.stretchName}>{stretch.model ?? (stretch.use === 'free' ? 'free' : '')}</span>
          </span>
        ))}
      </div>
      <ul className={classes.holders} aria-label={`Holders of ${gpu.type} ${gpu.index}`}>
        {stretches.map((stretch) => (
          <li key={stretch.key}>
            <span className={classes.swatch} data-use={stretch.use} style={{ '--tone': toneOf(stretch, models) } as React.CSSProperties} aria-hidden="true" />
            <span className={classes.holder}>{holderWords(stretch, gpu)}</span>
            <b className="tabular">{formatBytes(stretch.bytes)}</b>
          </li>
        ))}
        {hostHoldings(gpu, replicas).map(({ id, model, host_memory_bytes }) => (
          <li key={`host ${id}`}>
            <span className={classes.swatch} data-use="host" aria-hidden="true" />
            <span className={classes.holder}>{model} · weights in the node’s own memory</span>
            <b className="tabular">{formatBytes(host_memory_bytes)}</b>
          </li>
        ))}
      </ul>
      {excessBytes > 0 && <p className={classes.excess}>{formatBytes(excessBytes)} more is held than this GPU has.</p>}
    </li>
  );
}

/** "38 GiB reserved, 2 GiB asleep, 40 GiB free of 80 GiB" */
function words(gpu: Gpu): string {
  return `${formatBytes(gpu.reserved_bytes)} reserved, ${formatBytes(gpu.sleeping_bytes)} asleep, ${formatBytes(gpu.free_bytes)} free of ${formatBytes(gpu.memory_bytes)}`;
}

function holderWords({ use, model, replica, state }: Stretch, gpu: Gpu): string {
  if (use === 'free') return 'Free';
  if (use === 'unnamed' || model === null || state === null) return 'Reserved, its replica is not listed';
  const changing = gpu.transition === replica ? ' · changes now' : '';
  return `${model} · ${stateWords(state)}${changing}`;
}

function hostHoldings(gpu: Gpu, replicas: Replica[]): Replica[] {
  return replicas.filter(({ id, host_memory_bytes }) => host_memory_bytes > 0 && gpu.replicas.some((holding) => holding.id === id));
}

const tones = 6;

/** Each model keeps its colour on all gpus and at all times: its place in the catalog. Its name stands beside it everywhere. */
function toneOf({ model }: Stretch, models: string[]): string {
  return model === null ? 'var(--line-strong)' : `var(--series-${(Math.max(0, models.indexOf(model)) % tones) + 1})`;
}
