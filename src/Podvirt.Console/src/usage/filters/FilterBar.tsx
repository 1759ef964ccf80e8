import { Button, NativeSelect } from '@mantine/core';
import { useState, type ChangeEvent } from 'react';
import { useSearchParams } from 'react-router';
import { isFiltering, noFilters, outcomes, viewFrom, withView, type FilterName, type View } from './filters';
import { outcomeLabel, keyless, type Names } from './names';
import { OwnRange } from './OwnRange';
import { ProjectSelect } from './ProjectSelect';
import { namedRanges, type RangeName } from './range';
import type { Scope } from './scope';
import classes from './FilterBar.module.css';

/** What is looked at. All of it is in the address, so that it can be kept and sent. */
export function FilterBar({ scope, names }: { scope: Scope; names: Names }) {
  const [params, setParams] = useSearchParams();
  const [choosing, setChoosing] = useState(false);
  const view = viewFrom(params);
  const { range, filters } = view;
  const change = (next: View) => {
    setChoosing(false);
    setParams((current) => withView(current, next));
  };
  const set = (name: FilterName) => (event: ChangeEvent<HTMLSelectElement>) => {
    const value = event.currentTarget.value;
    // A revision belongs to its model.
    const rest = name === 'model' ? { ...filters, revision: null } : filters;
    change({ range, filters: { ...rest, [name]: value === '' ? null : value.slice(1) } });
  };
  const own = choosing || range.name === 'own';

  return (
    <section aria-label="Filters">
      <div className={classes.bar}>
        <NativeSelect
          label="Time (UTC days)"
          value={own ? 'own' : range.name}
          onChange={(event) => {
            const name = event.currentTarget.value;
            if (name === 'own') setChoosing(true);
            else change({ filters, range: { name: name as RangeName } });
          }}
          data={[...namedRanges, { value: 'own', label: 'Own range…' }]}
        />
        <ProjectSelect scope={scope} />
        <NativeSelect label="Model" value={valueOf(filters.model)} onChange={set('model')} data={options('All models', names.models, filters.model)} />
        <NativeSelect
          label="API key"
          value={valueOf(filters.key)}
          onChange={set('key')}
          data={options('All keys', [...names.keys, { id: '', name: keyless }], filters.key)}
        />
        <NativeSelect
          label="Outcome"
          value={valueOf(filters.outcome)}
          onChange={set('outcome')}
          data={options('All outcomes', outcomes.map((id) => ({ id, name: outcomeLabel(id) })), filters.outcome)}
        />
      </div>
      {own && <OwnRange key={params.toString()} range={range} onChoose={(next) => change({ filters, range: next })} />}
      {isFiltering(filters) && (
        <ul className={classes.chips}>
          {filters.revision !== null && (
            <Chip label={`Revision ${filters.revision}`} onRemove={() => change({ range, filters: { ...filters, revision: null } })} />
          )}
          {filters.source !== null && (
            <Chip label={sourceLabel(filters.source)} onRemove={() => change({ range, filters: { ...filters, source: null } })} />
          )}
          <li>
            <Button size="compact-sm" variant="subtle" onClick={() => change({ range, filters: noFilters })}>
              Clear the filters
            </Button>
          </li>
        </ul>
      )}
    </section>
  );
}

function Chip({ label, onRemove }: { label: string; onRemove: () => void }) {
  return (
    <li>
      <Button size="compact-sm" variant="default" onClick={onRemove} aria-label={`${label}: remove this filter`} rightSection="×">
        {label}
      </Button>
    </li>
  );
}

/** Options need values that are not empty, and the playground's key is. */
function valueOf(filter: string | null): string {
  return filter === null ? '' : `=${filter}`;
}

function options(all: string, known: readonly { id: string; name: string }[], chosen: string | null) {
  const gone = chosen !== null && !known.some(({ id }) => id === chosen) ? [{ id: chosen, name: chosen }] : [];
  return [{ value: '', label: all }, ...[...known, ...gone].map(({ id, name }) => ({ value: valueOf(id), label: name }))];
}

function sourceLabel(source: string): string {
  if (source === 'none') return 'Without counts';
  return source === 'quarantined' ? 'With impossible counts' : 'Counted by the engine';
}
