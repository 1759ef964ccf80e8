import { describe, expect, it } from 'vitest';
import type { ModelView } from '../models/model';
import { filtersFrom, isFiltering, matching, noFilters, withFilters } from './filters';

const model = { id: 'qwen3-8b', vendor: 'Alibaba', name: 'Qwen3 8B', type: 'chat' } as ModelView;

describe('filters in the address', () => {
  it('survive a round trip', () => {
    const filters = { type: 'video-generation', text: 'wan 2 & more', sort: 'speed', page: 3 } as const;
    const params = withFilters(new URLSearchParams(), filters);
    expect(filtersFrom(new URLSearchParams(params.toString()))).toEqual(filters);
  });

  it('leave other parameters alone and vanish when empty', () => {
    const params = withFilters(new URLSearchParams('theme=x&type=chat&q=a&sort=name&page=2'), noFilters);
    expect(params.toString()).toBe('theme=x');
  });

  it('ignore what nobody knows', () => {
    expect(filtersFrom(new URLSearchParams('type=audio&sort=colour&page=-1'))).toEqual(noFilters);
    expect(filtersFrom(new URLSearchParams('page=two')).page).toBe(1);
    expect(filtersFrom(new URLSearchParams('page=1.5')).page).toBe(1);
  });
});

describe('matching', () => {
  it('looks at name, vendor, type and id, whatever the case', () => {
    for (const text of ['QWEN3', 'alibaba', 'chat', '3-8b', '  8B  qwen ']) {
      expect(matching([model], { type: null, text }), text).toEqual([model]);
    }
    expect(matching([model], { type: null, text: 'qwen llama' })).toEqual([]);
  });

  it('needs the type as well as the text', () => {
    expect(matching([model], { type: 'code', text: 'qwen' })).toEqual([]);
    expect(matching([model], { type: 'chat', text: 'qwen' })).toEqual([model]);
  });

  it('counts blanks as no filter', () => {
    expect(isFiltering({ ...noFilters, text: '   ' })).toBe(false);
    expect(isFiltering({ ...noFilters, type: 'chat' })).toBe(true);
  });

  it('reads a model anew once it changed', () => {
    const renamed = { ...model, name: 'Orca' };
    matching([model], { type: null, text: 'orca' });
    expect(matching([renamed], { type: null, text: 'orca' })).toEqual([renamed]);
  });
});
