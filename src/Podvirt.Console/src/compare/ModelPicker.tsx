import { NativeSelect } from '@mantine/core';
import type { ModelView } from '../models/model';
import { CloseIcon } from '../shell/icons';
import { mostModels } from './address';
import classes from './ModelPicker.module.css';

interface ModelPickerProps {
  models: ModelView[];
  chosen: string[];
  /** While answers run the choice stays as it is. */
  disabled: boolean;
  onChoose: (change: (models: string[]) => string[]) => void;
}

export function ModelPicker({ models, chosen, disabled, onChoose }: ModelPickerProps) {
  const left = models.filter(({ id }) => !chosen.includes(id));
  return (
    <div className={classes.picker}>
      <ul className={classes.chosen} aria-label="Models compared">
        {chosen.map((id) => {
          const name = models.find((model) => model.id === id)?.name ?? id;
          return (
            <li key={id} className={classes.model}>
              {name}
              <button
                type="button"
                className={classes.remove}
                disabled={disabled}
                aria-label={`Take ${name} out`}
                onClick={() => onChoose((models) => models.filter((other) => other !== id))}
              >
                <CloseIcon size={13} />
              </button>
            </li>
          );
        })}
      </ul>
      {chosen.length < mostModels && left.length > 0 && (
        <NativeSelect
          size="xs"
          aria-label="Add a model"
          disabled={disabled}
          value=""
          onChange={({ currentTarget: { value } }) => {
            if (value !== '') onChoose((models) => [...models, value]);
          }}
          data={[{ value: '', label: 'Add a model…' }, ...left.map(({ id, name }) => ({ value: id, label: name }))]}
        />
      )}
    </div>
  );
}
