import type { RateVersion } from '../wire';

/** What has a price, in the order shown. Prices are US dollars: of a million tokens, or of a second of video. */
export const priceKinds = [
  { name: 'prompt', label: 'Prompt' },
  { name: 'cached', label: 'Cached prompt' },
  { name: 'completion', label: 'Completion' },
  { name: 'embeddings', label: 'Embeddings' },
  { name: 'video_second', label: 'Second of video' },
] as const;

export type PriceKind = (typeof priceKinds)[number]['name'];

/** Which prices a table of these versions needs: what is free in all of them, and embeddings that cost what prompts do, say nothing. */
export function kindsShown(versions: readonly RateVersion[]): (typeof priceKinds)[number][] {
  return priceKinds.filter(({ name }) => {
    if (name === 'prompt') return true;
    if (name === 'embeddings') return versions.some((version) => version.embeddings !== version.prompt);
    return versions.some((version) => !isFree(version[name]));
  });
}

export function isFree(price: string): boolean {
  return /^0(\.0*)?$/.test(price);
}

export type RateState = 'In force' | 'Set ahead' | 'Earlier';

export function stateOf(version: RateVersion, now: number): RateState {
  if (version.in_force) return 'In force';
  return Date.parse(version.from) > now ? 'Set ahead' : 'Earlier';
}

export interface ModelRates {
  model: string;
  /** Newest first. */
  versions: RateVersion[];
  /** Null: nothing is charged. */
  inForce: RateVersion | null;
  /** Those that begin later, the next one first. */
  ahead: RateVersion[];
}

/** The versions by model; models without one are free. In the order of their names. */
export function byModel(versions: readonly RateVersion[], models: readonly string[], now: number): ModelRates[] {
  const names = [...new Set([...models, ...versions.map(({ model }) => model)])].sort();
  return names.map((model) => {
    const own = versions.filter((version) => version.model === model).sort((a, b) => b.version - a.version);
    return {
      model,
      versions: own,
      inForce: own.find((version) => version.in_force) ?? null,
      ahead: own
        .filter((version) => stateOf(version, now) === 'Set ahead')
        .sort((a, b) => Date.parse(a.from) - Date.parse(b.from)),
    };
  });
}
