import { Button, Group, MultiSelect, NativeSelect, Stack, TextInput } from '@mantine/core';
import { problemAt, problemElsewhere } from '../http/problems';
import type { SessionProject } from '../session/session';
import { FormProblem } from '../shell/FormProblem';
import { useDraft } from '../shell/useDraft';
import type { MemberDraft, Role } from './member';

const fields = ['name', 'email', 'role', 'projects'];

const roles = [
  { value: 'member', label: 'Member: sees their projects' },
  { value: 'admin', label: 'Admin: sees and changes everything' },
];

interface MemberFormProps {
  first: MemberDraft;
  /** Those to choose from. */
  projects: SessionProject[];
  /** The address is what somebody signs in with: it stays. */
  emailFixed?: boolean;
  action: string;
  busy: boolean;
  error: unknown;
  onSubmit: (draft: MemberDraft) => void;
  onCancel: () => void;
}

export function MemberForm({ first, projects, emailFixed = false, action, busy, error, onSubmit, onCancel }: MemberFormProps) {
  const { draft, change, submit } = useDraft(first, onSubmit);
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <TextInput
          label="Name"
          autoComplete="off"
          value={draft.name}
          onChange={(event) => change({ name: event.currentTarget.value })}
          error={problemAt(error, 'name')}
          data-autofocus
        />
        <TextInput
          label="E-mail"
          type="email"
          autoComplete="off"
          readOnly={emailFixed}
          description={emailFixed ? 'What they sign in with; it stays.' : null}
          value={draft.email}
          onChange={(event) => change({ email: event.currentTarget.value })}
          error={problemAt(error, 'email')}
        />
        <NativeSelect
          label="Role"
          data={roles}
          value={draft.role}
          onChange={(event) => change({ role: event.currentTarget.value as Role })}
          error={problemAt(error, 'role')}
        />
        {draft.role === 'member' && (
          <MultiSelect
            label="Projects"
            description="What they see: these projects’ keys, use and invoices, and nothing of others."
            placeholder={draft.projects.length === 0 ? 'None' : undefined}
            data={projects.map(({ id, name }) => ({ value: id, label: name }))}
            value={draft.projects}
            onChange={(chosen) => change({ projects: chosen })}
            searchable
            hidePickedOptions
            limit={50}
            nothingFoundMessage="No such project"
            error={problemAt(error, 'projects')}
          />
        )}
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
