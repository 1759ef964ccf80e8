import { Chip, CloseButton, TextInput } from '@mantine/core';
import { modelTypes, isModelType } from '../models/model';
import { SearchIcon } from '../shell/icons';
import type { Filters } from './filters';
import classes from './FilterBar.module.css';

interface FilterBarProps {
  filters: Filters;
  onChange: (filters: Filters) => void;
}

export function FilterBar({ filters, onChange }: FilterBarProps) {
  return (
    <div className={classes.bar} role="search" aria-label="Models">
      <TextInput
        className={classes.search}
        type="search"
        aria-label="Search models"
        placeholder="Search by name, vendor, type or id"
        value={filters.text}
        onChange={(event) => onChange({ ...filters, text: event.currentTarget.value })}
        leftSection={<SearchIcon size={16} />}
        rightSection={
          filters.text === '' ? null : (
            <CloseButton size="sm" aria-label="Clear the search" onClick={() => onChange({ ...filters, text: '' })} />
          )
        }
      />
      <Chip.Group
        multiple={false}
        value={filters.type ?? 'all'}
        onChange={(value) => onChange({ ...filters, type: isModelType(value) ? value : null })}
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
    </div>
  );
}
