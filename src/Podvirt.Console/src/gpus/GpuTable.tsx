import { DataTable, type TableRow } from '../charts/DataTable';
import { none } from '../charts/quantity';
import { formatBytes } from '../models/format';
import { stateWords, type FleetLists, type Gpu } from './fleet';
import { isAsleep, memoryLayout } from './memory';

const columns = [
  { key: 'gpu', label: 'GPU', short: true },
  { key: 'holder', label: 'Held by', short: true },
  { key: 'state', label: 'State', short: true },
  { key: 'reserved', label: 'Reserved', numeric: true },
  { key: 'asleep', label: 'Asleep', numeric: true },
  { key: 'free', label: 'Free', numeric: true },
  { key: 'total', label: 'In all', numeric: true },
];

/** The picture's figures: each gpu, and each replica that holds some of it. */
export function GpuTable({ fleet }: { fleet: FleetLists }) {
  return <DataTable caption="Memory of the GPUs by holder" columns={columns} rows={fleet.gpus.flatMap(rowsOf)} />;
}

function rowsOf(gpu: Gpu): TableRow[] {
  const name = `${gpu.type} ${gpu.index} · ${gpu.node}`;
  const held = memoryLayout(gpu).stretches.filter(({ use }) => use !== 'free');
  return [
    {
      key: gpu.id,
      cells: [
        name, 'All', gpu.status, formatBytes(gpu.reserved_bytes), formatBytes(gpu.sleeping_bytes), formatBytes(gpu.free_bytes), formatBytes(gpu.memory_bytes),
      ],
    },
    ...held.map(({ key, model, state, bytes }) => {
      const asleep = state !== null && isAsleep(state);
      return {
        key: `${gpu.id} ${key}`,
        cells: [
          name, model ?? 'Not listed', state === null ? none : stateWords(state), asleep ? none : formatBytes(bytes), asleep ? formatBytes(bytes) : none, none,
          formatBytes(bytes),
        ],
      };
    }),
  ];
}
