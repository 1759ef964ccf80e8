import { describe, expect, it } from 'vitest';
import type { ModelView } from '../models/model';
import type { ModelUsage } from '../projects/usage';
import { isSort, sorted, type Knowledge, type Sort } from './sorting';

const price = (prompt: string, completion: string) => ({ prompt, cached: '0', completion, embeddings: null, video_second: null });

const models = [
  { id: 'a', name: 'Model 10', type: 'chat', status: 'Cold', price: price('1', '9') },
  { id: 'b', name: 'model 9', type: 'chat', status: 'Failed', price: price('0.10', '0.30') },
  { id: 'c', name: 'Zebra', type: 'embedding', status: 'Active', price: price('0.02', '0') },
  { id: 'd', name: 'Alpha', type: 'chat', status: 'Sleeping', price: null },
  { id: 'e', name: 'Beta', type: 'chat', status: 'Warming Up', price: price('2', '2') },
] as ModelView[];

const known: Knowledge = {
  usage: new Map([
    ['d', { used: 5 } as ModelUsage],
    ['a', { used: 700 } as ModelUsage],
  ]),
  speeds: new Map([
    ['b', { firstTokenUs: 1, tokensPerSecond: 20 }],
    ['e', { firstTokenUs: 9, tokensPerSecond: 140 }],
    ['c', { firstTokenUs: null, tokensPerSecond: null }],
  ]),
};

const order = (sort: Sort | null) => sorted(models, sort, known).map(({ id }) => id).join('');

describe('sorting', () => {
  it.each([
    [null, 'abcde'],
    ['name', 'debac'],
    ['price', 'cbead'],
    ['speed', 'ebacd'],
    ['state', 'cedab'],
    ['usage', 'adbce'],
  ] as const)('by %s gives %s', (sort, ids) => expect(order(sort)).toBe(ids));

  it('leaves the list itself alone', () => {
    sorted(models, 'name', known);
    expect(models[0]?.id).toBe('a');
  });

  it('knows its own names only', () => {
    expect(isSort('price')).toBe(true);
    expect(isSort('')).toBe(false);
    expect(isSort(null)).toBe(false);
  });
});
