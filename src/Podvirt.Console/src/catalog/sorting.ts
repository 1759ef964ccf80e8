import type { ModelSpeed } from '../models/figures';
import type { ModelView } from '../models/model';
import type { ModelUsage } from '../projects/usage';

export const sorts = [
  { value: 'name', label: 'Name' },
  { value: 'price', label: 'Price, lowest first' },
  { value: 'speed', label: 'Speed, fastest first' },
  { value: 'state', label: 'State, ready first' },
  { value: 'usage', label: 'Usage, most first' },
] as const;

export type Sort = (typeof sorts)[number]['value'];

export function isSort(value: string | null): value is Sort {
  return sorts.some((sort) => sort.value === value);
}

/** What is known of models beyond what they say themselves, by id. */
export interface Knowledge {
  usage: ReadonlyMap<string, ModelUsage>;
  speeds: ReadonlyMap<string, ModelSpeed>;
}

const names = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });

/** Those that answer soonest come first. */
const states = ['Active', 'Warming Up', 'Sleeping', 'Cold', 'Failed'];

/** A sorted copy; equals stand in the catalog's order. */
export function sorted(models: readonly ModelView[], sort: Sort | null, known: Knowledge): ModelView[] {
  if (sort === null) return [...models];
  if (sort === 'name') return [...models].sort((a, b) => names.compare(a.name, b.name));
  const rank = ranks[sort];
  return models
    .map((model) => ({ model, rank: rank(model, known) }))
    .sort((a, b) => (a.rank === b.rank ? 0 : a.rank - b.rank))
    .map(({ model }) => model);
}

/** Smaller comes first; what is not known comes last. */
const ranks: Record<Exclude<Sort, 'name'>, (model: ModelView, known: Knowledge) => number> = {
  price: (model) => priceRank(model),
  speed: (model, { speeds }) => {
    const speed = speeds.get(model.id);
    // Vectors come without tokens per second: they are behind all that have them.
    return speed?.tokensPerSecond == null ? Infinity : -speed.tokensPerSecond;
  },
  state: (model) => {
    const place = states.indexOf(model.status);
    return place < 0 ? states.length : place;
  },
  usage: (model, { usage }) => -(usage.get(model.id)?.used ?? 0),
};

/** A million tokens in and a million out, in dollars: for the order alone, so a rounded number will do. Video has a scale of its own. */
function priceRank({ price, type }: ModelView): number {
  if (price === null) return Infinity;
  if (type === 'embedding') return Number(price.embeddings ?? price.prompt);
  if (type === 'video-generation') return Number(price.video_second ?? Infinity);
  return Number(price.prompt) + Number(price.completion);
}
