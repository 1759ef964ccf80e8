import { Chip, CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { modelTypes, isModelType } from '../models/model';
import { SearchIcon } from '../shell/icons';
import type { Filters } from './filters';
import { isSort, sorts } from './sorting';
import classes from './FilterBar.module.css';

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

/** Every change leads back to the first page: what was on the third is somewhere else now. */
export function FilterBar({ filters, onChange }: FilterBarProps) {
  const change = (part: Partial<Filters>) => onChange({ ...filters, page: 1, ...part });
  return (
    <div className={classes.bar} role="search" aria-label="Models">
      <TextInput
        className={classes.search}
        type="search"
        aria-label="Search models"
        placeholder="Search by name, vendor, type or id"
        value={filters.text}
        onChange={(event) => change({ text: event.currentTarget.value })}
        leftSection={<SearchIcon size={16} />}
        rightSection={
          filters.text === '' ? null : (
            <CloseButton size="sm" aria-label="Clear the search" onClick={() => change({ text: '' })} />
          )
        }
      />
      <Chip.Group
        multiple={false}
        value={filters.type ?? 'all'}
        onChange={(value) => change({ type: isModelType(value) ? value : null })}
      >
        <div className={classes.types} role="radiogroup" aria-label="Type">
          <Chip value="all" size="xs" variant="outline">
            All types
          </Chip>
          {modelTypes.map((type) => (
            <Chip key={type.value} value={type.value} size="xs" variant="outline">
              {type.label}
            </Chip>
          ))}
        </div>
      </Chip.Group>
      <NativeSelect
        className={classes.sort}
        aria-label="Sort by"
        value={filters.sort ?? ''}
        onChange={(event) => change({ sort: isSort(event.currentTarget.value) ? event.currentTarget.value : null })}
        data={[{ value: '', label: 'As in the catalog' }, ...sorts]}
      />
    </div>
  );
}
