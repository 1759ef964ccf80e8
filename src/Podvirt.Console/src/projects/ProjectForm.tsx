import { Button, Group, NativeSelect, Stack, TextInput } from '@mantine/core';
import { problemAt, problemElsewhere } from '../http/problems';
import { FormProblem } from '../shell/FormProblem';
import { useDraft } from '../shell/useDraft';
import { unlimited, usePlans, type ProjectDraft } from './useProjects';

interface ProjectFormProps {
  first: ProjectDraft;
  action: string;
  busy: boolean;
  error: unknown;
  onSubmit: (draft: ProjectDraft) => void;
  onCancel: () => void;
}

export function ProjectForm({ first, action, busy, error, onSubmit, onCancel }: ProjectFormProps) {
  const plans = usePlans();
  const { draft, change, submit } = useDraft(first, onSubmit);
  const choices = new Set([unlimited, ...(plans.data?.map(({ id }) => id) ?? []), first.plan]);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label="Name"
          autoComplete="off"
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={problemAt(error, 'name') ?? problemAt(error, 'id')}
          data-autofocus
        />
        <NativeSelect
          label="Plan"
          description="What it may use in a month; plans are made in podvirt.yaml."
          data={[...choices].map((id) => ({ value: id, label: id === unlimited ? 'Unlimited' : id }))}
          value={draft.plan}
          onChange={(event) => change({ plan: event.currentTarget.value })}
          error={problemAt(error, 'plan')}
        />
        <FormProblem>{problemElsewhere(error, ['name', 'id', 'plan'])}</FormProblem>
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
