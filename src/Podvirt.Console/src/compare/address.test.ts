import { describe, expect, it } from 'vitest';
import { comparePath, contestantsIn, type Contestant } from './address';

const searchOf = (contestants: Contestant[]) => new URL(comparePath(contestants), 'http://x').search;

describe('the address of a comparison', () => {
  it.each<[Contestant[]]>([
    [[]],
    [[{ model: 'Qwen/Qwen3-8B', answer: null }]],
    [[{ model: 'a&b', answer: null }, { model: 'c', answer: 'id-1' }]],
    [[{ model: 'a', answer: 'id-1' }, { model: 'b', answer: null }, { model: 'c', answer: 'id-3' }]],
  ])('holds %j', (contestants) => {
    expect(contestantsIn(searchOf(contestants))).toEqual(contestants);
  });

  it('takes four models, and none twice', () => {
    const models = ['a', 'b', 'a', 'c', 'd', 'e'];
    expect(contestantsIn(models.map((model) => `model=${model}`).join('&')).map(({ model }) => model)).toEqual(['a', 'b', 'c', 'd']);
  });
});
