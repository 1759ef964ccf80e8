import { Button, Group, MultiSelect, NumberInput, Stack, TextInput } from '@mantine/core';
import { problemAt, problemElsewhere } from '../http/problems';
import { useModels } from '../live/ModelFeed';
import { FormProblem } from '../shell/FormProblem';
import { useDraft } from '../shell/useDraft';
import type { KeyDraft } from './apiKey';
import { ExpiryField } from './ExpiryField';

const fields = ['name', 'expires_in', 'models', 'requests_per_minute', 'tokens_per_minute', 'monthly_budget'] as const;

/** As many choices as a list can hold and stay quick; typing finds the others. */
const choicesMax = 50;

interface KeyFormProps {
  first: KeyDraft;
  /** When the key expires now; undefined for a key that is still to be made. */
  expiresAt?: string | null;
  action: string;
  busy: boolean;
  error: unknown;
  onSubmit: (draft: KeyDraft) => void;
  onCancel: () => void;
}

/** Name, expiry and limits of a key. The server checks them, and what it refuses is said at the field. */
export function KeyForm({ first, expiresAt, action, busy, error, onSubmit, onCancel }: KeyFormProps) {
  const models = useModels();
  const { draft, change, submit } = useDraft(first, onSubmit);
  const known = models.data?.map(({ id, name }) => ({ value: id, label: name === id ? id : `${name} (${id})` })) ?? [];
  // A model that left the catalog stays visible until it is taken away here.
  const gone = draft.models.filter((id) => !known.some(({ value }) => value === id));

  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label="Name"
          description="Where it is used, say: what you will look for when you want to revoke it."
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={problemAt(error, 'name')}
          data-autofocus
        />
        <ExpiryField
          value={draft.expiresIn}
          expiresAt={expiresAt}
          onChange={(expiresIn) => change({ expiresIn })}
          error={problemAt(error, 'expires_in')}
        />
        <MultiSelect
          label="Allowed models"
          placeholder={draft.models.length === 0 ? 'All models' : undefined}
          data={[...known, ...gone]}
          value={draft.models}
          onChange={(chosen) => change({ models: chosen })}
          searchable
          hidePickedOptions
          limit={choicesMax}
          nothingFoundMessage="No such model"
          error={problemAt(error, 'models')}
          comboboxProps={{ withinPortal: true }}
        />
        <Group grow align="flex-start" preventGrowOverflow={false}>
          <NumberInput
            label="Requests a minute"
            placeholder="No limit"
            min={1}
            allowDecimal={false}
            allowNegative={false}
            thousandSeparator=","
            hideControls
            value={draft.requestsPerMinute}
            onChange={(value) => change({ requestsPerMinute: typeof value === 'number' ? value : '' })}
            error={problemAt(error, 'requests_per_minute')}
          />
          <NumberInput
            label="Tokens a minute"
            placeholder="No limit"
            min={1}
            allowDecimal={false}
            allowNegative={false}
            thousandSeparator=","
            hideControls
            value={draft.tokensPerMinute}
            onChange={(value) => change({ tokensPerMinute: typeof value === 'number' ? value : '' })}
            error={problemAt(error, 'tokens_per_minute')}
          />
        </Group>
        <TextInput
          label="Monthly budget in USD"
          description="Calls are refused once a calendar month (UTC) has cost that much."
          placeholder="No budget"
          inputMode="decimal"
          value={draft.monthlyBudget}
          onChange={(event) => change({ monthlyBudget: event.currentTarget.value })}
          error={problemAt(error, 'monthly_budget')}
        />
        <FormProblem>{problemElsewhere(error, fields)}</FormProblem>
        <Group justify="flex-end">
          <Button variant="default" onClick={onCancel}>
            Cancel
          </Button>
          <Button type="submit" loading={busy}>
            {action}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
