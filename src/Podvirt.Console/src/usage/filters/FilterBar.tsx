import { Button, NativeSelect } from '@mantine/core';
import { useState, type ChangeEvent } from 'react';
import { useSearchParams } from 'react-router';
import { useChangeParams } from '../../shell/useChangeParams';
import { isFiltering, noFilters, outcomes, viewFrom, withView, type FilterName, type View } from './filters';
import { outcomeLabel, keyless, type Names } from './names';
import { OwnRange } from './OwnRange';
import { ProjectSelect } from './ProjectSelect';
import { namedRanges, type RangeName } from './range';
import type { Scope } from './scope';
import classes from './FilterBar.module.css';

/** What is looked at. All of it is in the address, so that it can be kept and sent. */
export function FilterBar({ scope, names }: { scope: Scope; names: Names }) {
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const [choosing, setChoosing] = useState(false);
  const view = viewFrom(params);
  const { range, filters } = view;
  const change = (next: (current: View) => View) => {
    setChoosing(false);
    changeParams((current) => withView(current, next(viewFrom(current))));
  };
  const set = (name: FilterName) => (event: ChangeEvent<HTMLSelectElement>) => {
    const value = event.currentTarget.value;
    const chosen = value === '' ? null : value.slice(1);
    // A revision belongs to its model.
    change((now) => ({ ...now, filters: { ...now.filters, ...(name === 'model' ? { revision: null } : {}), [name]: chosen } }));
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
            else change((now) => ({ ...now, range: { name: name as RangeName } }));
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
      {own && <OwnRange key={params.toString()} range={range} onChoose={(next) => change((now) => ({ ...now, range: next }))} />}
      {isFiltering(filters) && (
        <ul className={classes.chips}>
          {filters.revision !== null && (
            <Chip label={`Revision ${filters.revision}`} onRemove={() => change((now) => ({ ...now, filters: { ...now.filters, revision: null } }))} />
          )}
          {filters.source !== null && (
            <Chip label={sourceLabel(filters.source)} onRemove={() => change((now) => ({ ...now, filters: { ...now.filters, source: null } }))} />
          )}
          <li>
            <Button size="compact-sm" variant="subtle" onClick={() => change((now) => ({ ...now, filters: noFilters }))}>
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
