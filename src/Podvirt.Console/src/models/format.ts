import type { ModelView } from './model';

const grouped = new Intl.NumberFormat('en-US');

export function formatCount(count: number): string {
  return grouped.format(count);
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${formatCount(count)} ${count === 1 ? one : many}`;
}

/** 840 ms · 2.5 s · 48 s · 2 min 5 s · 1 h 3 min */
export function formatDuration(ms: number): string {
  const rounded = Math.max(0, Math.round(ms));
  if (rounded < 1000) return `${rounded} ms`;
  if (rounded < 9_950) return `${(rounded / 1000).toFixed(1)} s`;
  const seconds = Math.round(rounded / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return seconds % 60 === 0 ? `${minutes} min` : `${minutes} min ${seconds % 60} s`;
  return minutes % 60 === 0 ? `${minutes / 60} h` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Whole seconds, for a figure that ticks: 0 s · 3 s · 1 min 4 s */
export function formatSeconds(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  return seconds < 60 ? `${seconds} s` : formatDuration(seconds * 1000);
}

export function formatBytes(bytes: number): string {
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024;
    unit += 1;
  }
  return `${Number.isInteger(value) ? value : value.toFixed(1)} ${units[unit]}`;
}

/** Prices stay decimal strings all the way: at least two decimals, no trailing zero after them. */
export function formatPrice(price: string): string {
  const [whole = '0', decimals = ''] = price.split('.');
  return `$${whole}.${decimals.replace(/0+$/, '').padEnd(2, '0')}`;
}

export function formatGpu(model: ModelView): string {
  if (model.engine === 'external' || model.gpu === null || model.gpu.count === 0) return 'None here';
  const { count, type, memory_bytes } = model.gpu;
  const memory = memory_bytes > 0 ? ` · ${formatBytes(memory_bytes)}` : '';
  return `${count} × ${type ?? 'any GPU'}${memory}`;
}

/** Phases as the engines name them, in words; a phase not listed is shown as it came. */
const phaseWords: Record<string, string> = {
  placing: 'finding a GPU',
  starting: 'starting the engine',
  process: 'starting the engine',
  download: 'downloading weights',
  weights: 'loading weights',
  compile: 'compiling kernels',
  graphs: 'capturing CUDA graphs',
  cache: 'sizing the cache',
  waking: 'waking up',
  canary: 'generating a test token',
};

export function formatPhase(phase: string): string {
  return phaseWords[phase] ?? phase.replace(/[-_]+/g, ' ');
}

/** The end of a warm-up line; an estimate that has run out is not repeated as "0 s to go". */
export function formatEta(etaMs: number | null): string | null {
  if (etaMs === null) return null;
  return etaMs >= 500 ? `about ${formatSeconds(etaMs)} to go` : 'any moment now';
}
