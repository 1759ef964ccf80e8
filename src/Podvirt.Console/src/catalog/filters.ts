import { isModelType, type ModelType, type ModelView } from '../models/model';

export interface Filters {
  type: ModelType | null;
  text: string;
}

/** Reads the filters from the address. A type nobody knows is no filter, so that a stale link still shows models. */
export function filtersFrom(params: URLSearchParams): Filters {
  const type = params.get('type');
  return { type: isModelType(type) ? type : null, text: params.get('q') ?? '' };
}

/** Writes the filters into a copy of the address's parameters and leaves all others alone. */
export function withFilters(params: URLSearchParams, filters: Filters): URLSearchParams {
  const next = new URLSearchParams(params);
  if (filters.type === null) next.delete('type');
  else next.set('type', filters.type);
  if (filters.text === '') next.delete('q');
  else next.set('q', filters.text);
  return next;
}

export function isFiltering(filters: Filters): boolean {
  return filters.type !== null || filters.text.trim() !== '';
}

/** A model matches when its type does and every word typed occurs in its name, vendor, type or id. */
export function matches(model: ModelView, filters: Filters): boolean {
  if (filters.type !== null && model.type !== filters.type) return false;
  const haystack = `${model.name} ${model.vendor} ${model.type} ${model.id}`.toLowerCase();
  return filters.text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => haystack.includes(word));
}
