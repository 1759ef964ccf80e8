import { describe, expect, it } from 'vitest';
import type { ModelView } from '../models/model';
import { filtersFrom, isFiltering, matches, withFilters } from './filters';

const model = { id: 'qwen3-8b', vendor: 'Alibaba', name: 'Qwen3 8B', type: 'chat' } as ModelView;

describe('filters in the address', () => {
  it('survive a round trip', () => {
    const filters = { type: 'video-generation', text: 'wan 2 & more' } as const;
    const params = withFilters(new URLSearchParams(), filters);
    expect(filtersFrom(new URLSearchParams(params.toString()))).toEqual(filters);
  });

  it('leave other parameters alone and vanish when empty', () => {
    const params = withFilters(new URLSearchParams('theme=x&type=chat&q=a'), { type: null, text: '' });
    expect(params.toString()).toBe('theme=x');
  });

  it('ignore a type nobody knows', () => {
    expect(filtersFrom(new URLSearchParams('type=audio')).type).toBeNull();
  });
});

describe('matching', () => {
  it('looks at name, vendor, type and id, whatever the case', () => {
    for (const text of ['QWEN3', 'alibaba', 'chat', '3-8b', '  8B  qwen ']) {
      expect(matches(model, { type: null, text }), text).toBe(true);
    }
    expect(matches(model, { type: null, text: 'qwen llama' })).toBe(false);
  });

  it('needs the type as well as the text', () => {
    expect(matches(model, { type: 'code', text: 'qwen' })).toBe(false);
    expect(matches(model, { type: 'chat', text: 'qwen' })).toBe(true);
  });

  it('counts blanks as no filter', () => {
    expect(isFiltering({ type: null, text: '   ' })).toBe(false);
    expect(isFiltering({ type: 'chat', text: '' })).toBe(true);
  });
});
