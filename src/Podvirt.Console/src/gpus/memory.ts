import type { Gpu } from './fleet';

export type MemoryUse = 'awake' | 'asleep' | 'unnamed' | 'free';

/** One stretch of a gpu's memory. */
export interface Stretch {
  key: string;
  use: MemoryUse;
  /** Null where no replica holds it. */
  model: string | null;
  replica: string | null;
  state: string | null;
  bytes: number;
  /** Of the whole drawing, 0 to 1. */
  share: number;
}

export interface MemoryLayout {
  stretches: Stretch[];
  /** More is held than there is; 0 else. */
  excessBytes: number;
}

export function isAsleep(state: string): boolean {
  return state === 'sleeping';
}

/**
 * Who holds what, awake first, then asleep, then what is held but by no replica that is listed, then what is free. The
 * stretches fill the drawing exactly, also where more is held than there is.
 */
export function memoryLayout(gpu: Gpu): MemoryLayout {
  const holdings = gpu.replicas.filter(({ memory_bytes }) => memory_bytes > 0);
  const named = holdings.reduce((sum, { memory_bytes }) => sum + memory_bytes, 0);
  const unnamed = Math.max(0, gpu.reserved_bytes + gpu.sleeping_bytes - named);
  const free = Math.max(0, gpu.memory_bytes - named - unnamed);
  const whole = named + unnamed + free;
  const stretches: Stretch[] = [...holdings.filter(({ state }) => !isAsleep(state)), ...holdings.filter(({ state }) => isAsleep(state))].map(
    ({ id, model, state, memory_bytes }) => ({
      key: id, use: isAsleep(state) ? 'asleep' : 'awake', model, replica: id, state, bytes: memory_bytes, share: share(memory_bytes, whole),
    }),
  );
  const nobody = { model: null, replica: null, state: null };
  if (unnamed > 0) stretches.push({ key: 'unnamed', use: 'unnamed', ...nobody, bytes: unnamed, share: share(unnamed, whole) });
  if (free > 0) stretches.push({ key: 'free', use: 'free', ...nobody, bytes: free, share: share(free, whole) });
  return { stretches, excessBytes: Math.max(0, named + unnamed - gpu.memory_bytes) };
}

function share(bytes: number, whole: number): number {
  return whole === 0 ? 0 : bytes / whole;
}
