import type { UsageReport } from '../wire';
import { boundsOf, iso, rangeFrom, withRange, type Bounds, type Range } from './range';

export const filterNames = ['model', 'revision', 'key', 'outcome', 'source'] as const;

export type FilterName = (typeof filterNames)[number];

/** Null: no filter. A key that is empty is one: the playground's requests have none. */
export type Filters = Record<FilterName, string | null>;

export const outcomes = ['completed', 'cancelled', 'truncated', 'failed'] as const;

/** What a sum can be split by; `by` stands within a sentence. */
export const groups = [
  { value: 'model', label: 'Model', by: 'model' },
  { value: 'revision', label: 'Model revision', by: 'model revision' },
  { value: 'key', label: 'API key', by: 'API key' },
  { value: 'project', label: 'Project', by: 'project' },
  { value: 'outcome', label: 'Outcome', by: 'outcome' },
  { value: 'day', label: 'Day (UTC)', by: 'day' },
  { value: 'hour', label: 'Hour', by: 'hour' },
] as const;

export type Group = (typeof groups)[number]['value'];

/** The part of the address that the usage and the requests pages share. */
export interface View {
  range: Range;
  filters: Filters;
}

export function viewFrom(params: URLSearchParams): View {
  const filters = Object.fromEntries(
    filterNames.map((name) => [name, name === 'key' ? params.get(name) : params.get(name) || null]),
  ) as Filters;
  return { range: rangeFrom(params), filters };
}

/** Writes the view into a copy of the address's parameters. The place in a list of other records is left behind. */
export function withView(params: URLSearchParams, { range, filters }: View): URLSearchParams {
  const next = withRange(params, range);
  next.delete('after');
  for (const name of filterNames) {
    if (filters[name] === null) next.delete(name);
    else next.set(name, filters[name]);
  }
  return next;
}

export function groupFrom(params: URLSearchParams): Group {
  return groups.find(({ value }) => value === params.get('group'))?.value ?? 'model';
}

/** "API key" */
export function groupLabel(group: Group): string {
  return groups.find(({ value }) => value === group)?.label ?? group;
}

/** "Usage by API key" */
export function usageBy(group: Group): string {
  return `Usage by ${groups.find(({ value }) => value === group)?.by ?? group}`;
}

export function isFiltering(filters: Filters): boolean {
  return filterNames.some((name) => filters[name] !== null);
}

export const noFilters: Filters = { model: null, revision: null, key: null, outcome: null, source: null };

/** The parameters of a call; `project` null asks for all of them. */
export function callParams(view: View, project: string | null, now: Date): URLSearchParams {
  return withCall(boundsOf(view.range, now), view.filters, project);
}

/** The records of exactly the time that a report was made of. */
export function csvAddress(report: Pick<UsageReport, 'from' | 'to'>, filters: Filters, project: string | null): string {
  return `/api/requests.csv?${withCall({ from: report.from, to: report.to }, filters, project)}`;
}

/** The view of a row's records: its filter, or its hour or day as far as the report reaches. */
export function viewOfRow(view: View, report: Pick<UsageReport, 'from' | 'to'>, group: Group, name: string): View | null {
  const { filters } = view;
  switch (group) {
    case 'project':
      return null;
    case 'revision': {
      const at = name.lastIndexOf('@');
      return { ...view, filters: { ...filters, model: name.slice(0, at), revision: name.slice(at + 1) } };
    }
    case 'hour':
    case 'day': {
      const start = Date.parse(group === 'day' ? `${name}T00:00:00Z` : name);
      const end = start + (group === 'day' ? 86_400_000 : 3_600_000);
      const from = Date.parse(report.from) > start ? report.from : iso(start);
      const to = view.range.name === 'own' && Date.parse(report.to) < end ? report.to : iso(end);
      return { filters, range: { name: 'own', from, to } };
    }
    default:
      return { ...view, filters: { ...filters, [group]: name } };
  }
}

function withCall(bounds: Bounds, filters: Filters, project: string | null): URLSearchParams {
  const params = new URLSearchParams();
  if (bounds.from !== undefined) params.set('from', bounds.from);
  if (bounds.to !== undefined) params.set('to', bounds.to);
  if (project !== null) params.set('project', project);
  for (const name of filterNames) {
    if (filters[name] !== null) params.set(name, filters[name]);
  }
  return params;
}
