import { describe, expect, it } from 'vitest';
import { callParams, csvAddress, groupFrom, noFilters, viewFrom, viewOfRow, withView, type View } from './filters';

const report = { from: '2026-11-01T09:30:00.123456+00:00', to: '2026-11-26T17:09:00.5+00:00' };
const month: View = { range: { name: 'month' }, filters: noFilters };

describe('filters', () => {
  it('survive the address, and drop the place in the list', () => {
    const view = viewFrom(new URLSearchParams('model=acme%2Fcoder&key=&outcome=failed&range=7d'));
    expect(view).toEqual({ range: { name: '7d' }, filters: { ...noFilters, model: 'acme/coder', key: '', outcome: 'failed' } });
    const params = withView(new URLSearchParams('after=abc&group=key&source=none'), view);
    expect(viewFrom(params)).toEqual(view);
    expect(params.has('after')).toBe(false);
    expect(params.get('group')).toBe('key');
  });

  it('take an empty model for none, and an unknown group for models', () => {
    expect(viewFrom(new URLSearchParams('model=')).filters.model).toBeNull();
    expect(groupFrom(new URLSearchParams('group=colour'))).toBe('model');
  });

  it('become parameters of a call', () => {
    const view: View = { range: { name: '24h' }, filters: { ...noFilters, model: 'a/b', key: '' } };
    expect(callParams(view, 'shop', new Date()).toString()).toBe('project=shop&model=a%2Fb&key=');
    expect(callParams(month, null, new Date('2026-11-26T12:00:00Z')).toString()).toBe('from=2026-11-01T00%3A00%3A00Z');
  });

  it('lead to the CSV of exactly the time shown', () => {
    const params = new URLSearchParams(csvAddress(report, noFilters, null).split('?')[1]);
    expect(Object.fromEntries(params)).toEqual({ from: report.from, to: report.to });
  });
});

describe('a row', () => {
  it('leads to the records of its name', () => {
    expect(viewOfRow(month, report, 'model', 'acme/coder')?.filters.model).toBe('acme/coder');
    expect(viewOfRow(month, report, 'key', '')?.filters.key).toBe('');
    expect(viewOfRow(month, report, 'revision', 'odd@name@12')?.filters).toMatchObject({ model: 'odd@name', revision: '12' });
  });

  it('leads to the records of its hour or day, as far as the report reaches', () => {
    expect(viewOfRow(month, report, 'day', '2026-11-02')?.range).toEqual({ name: 'own', from: '2026-11-02T00:00:00Z', to: '2026-11-03T00:00:00Z' });
    expect(viewOfRow(month, report, 'hour', '2026-11-01T09:00:00Z')?.range).toEqual({ name: 'own', from: report.from, to: '2026-11-01T10:00:00Z' });
    const own: View = { ...month, range: { name: 'own', ...report } };
    expect(viewOfRow(own, report, 'hour', '2026-11-26T17:00:00Z')?.range).toMatchObject({ to: report.to });
  });

  it('of a project leads nowhere: that is chosen beside the filters', () => {
    expect(viewOfRow(month, report, 'project', 'shop')).toBeNull();
  });
});
