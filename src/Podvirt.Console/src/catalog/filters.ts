import { isModelType, type ModelType, type ModelView } from '../models/model';
import { isSort, type Sort } from './sorting';

export interface Filters {
  type: ModelType | null;
  text: string;
  /** Null: as in the catalog. */
  sort: Sort | null;
  /** From 1. */
  page: number;
}

export const noFilters: Filters = { type: null, text: '', sort: null, page: 1 };

/** Reads the filters from the address. What nobody knows is no filter, so that a stale link still shows models. */
export function filtersFrom(params: URLSearchParams): Filters {
  const type = params.get('type');
  const sort = params.get('sort');
  const page = Number(params.get('page') ?? '1');
  return {
    type: isModelType(type) ? type : null,
    text: params.get('q') ?? '',
    sort: isSort(sort) ? sort : null,
    page: Number.isSafeInteger(page) && page > 0 ? page : 1,
  };
}

/** Writes the filters into a copy of the address's parameters and leaves all others alone. */
export function withFilters(params: URLSearchParams, filters: Filters): URLSearchParams {
  const next = new URLSearchParams(params);
  const set = (name: string, value: string | null) => (value === null ? next.delete(name) : next.set(name, value));
  set('type', filters.type);
  set('q', filters.text === '' ? null : filters.text);
  set('sort', filters.sort);
  set('page', filters.page === 1 ? null : String(filters.page));
  return next;
}

export function isFiltering(filters: Filters): boolean {
  return filters.type !== null || filters.text.trim() !== '';
}

/** The live feed keeps unchanged models identical: each is put into small letters once, however often somebody types. */
const haystacks = new WeakMap<ModelView, string>();

function haystackOf(model: ModelView): string {
  let haystack = haystacks.get(model);
  if (haystack === undefined) {
    haystack = `${model.name} ${model.vendor} ${model.type} ${model.id}`.toLowerCase();
    haystacks.set(model, haystack);
  }
  return haystack;
}

/** A model matches when its type does and every word typed occurs in its name, vendor, type or id. */
export function matching(models: readonly ModelView[], { type, text }: Pick<Filters, 'type' | 'text'>): ModelView[] {
  const words = text.toLowerCase().split(/\s+/).filter((word) => word !== '');
  return models.filter((model) => {
    if (type !== null && model.type !== type) return false;
    const haystack = haystackOf(model);
    return words.every((word) => haystack.includes(word));
  });
}
