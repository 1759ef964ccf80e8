/** As many cards as are drawn at a time, however long the catalog: two, three and four columns divide it. */
export const pageSize = 48;

export interface Slice<T> {
  items: T[];
  page: number;
  pages: number;
  /** Number of the first item, from 1; 0 where there is none. */
  first: number;
  last: number;
}

/** One page of a list. A page beyond the end is the last one. */
export function pageOf<T>(all: readonly T[], wanted: number): Slice<T> {
  const pages = Math.max(1, Math.ceil(all.length / pageSize));
  const page = Math.min(Math.max(1, wanted), pages);
  const start = (page - 1) * pageSize;
  const items = all.slice(start, start + pageSize);
  return { items, page, pages, first: items.length === 0 ? 0 : start + 1, last: start + items.length };
}
