import { describe, expect, it } from 'vitest';
import { pageOf, pageSize } from './paging';

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

describe('a page', () => {
  it('has a part of the list and says which', () => {
    const slice = pageOf(numbers(100), 2);
    expect(slice).toMatchObject({ page: 2, pages: 3, first: 49, last: 96 });
    expect(slice.items).toHaveLength(pageSize);
  });

  it('beyond the end is the last one', () => {
    expect(pageOf(numbers(100), 9)).toMatchObject({ page: 3, first: 97, last: 100 });
  });

  it('of nothing is one empty page', () => {
    expect(pageOf([], 1)).toEqual({ items: [], page: 1, pages: 1, first: 0, last: 0 });
  });

  it('is all there is where the list just fits', () => {
    expect(pageOf(numbers(pageSize), 1)).toMatchObject({ pages: 1, last: pageSize });
  });
});
