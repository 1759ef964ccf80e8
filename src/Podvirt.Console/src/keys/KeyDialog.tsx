import { messageOf } from '../http/api';
import { Ask } from '../shell/Ask';
import { Dialog } from '../shell/Dialog';
import { draftOf, emptyDraft, type ApiKey, type NewSecret } from './apiKey';
import { KeyForm } from './KeyForm';
import { NewSecretView } from './NewSecretView';
import { RotateView } from './RotateView';
import { TryView } from './TryView';
import { useCreateKey, useRevokeKey, useUpdateKey } from './useKeys';

/** What the dialog is about. */
export type KeyTask =
  | { kind: 'create' }
  | { kind: 'secret'; created: NewSecret }
  | { kind: 'try' | 'edit' | 'rotate' | 'revoke'; key: ApiKey };

interface KeyDialogProps {
  task: KeyTask;
  opened: boolean;
  project: { id: string; name: string };
  onTask: (task: KeyTask) => void;
  /** `done`: what happened, in a sentence; null where nothing did. */
  onClose: (done: string | null) => void;
}

/** One dialog for all that can be done with keys: creating and rotating lead on to the secret without closing it. */
export function KeyDialog({ task, opened, project, onTask, onClose }: KeyDialogProps) {
  const cancel = () => onClose(null);
  return (
    <Dialog opened={opened} onClose={cancel} title={titleOf(task, project.name)} size="lg" stays={task.kind === 'secret'}>
      {task.kind === 'create' && <Create project={project.id} onTask={onTask} onCancel={cancel} />}
      {task.kind === 'secret' && <NewSecretView created={task.created} onStored={cancel} />}
      {task.kind === 'try' && <TryView apiKey={task.key} onClose={cancel} />}
      {task.kind === 'edit' && <Edit apiKey={task.key} onClose={onClose} />}
      {task.kind === 'rotate' && (
        <RotateView apiKey={task.key} onRotated={(created) => onTask({ kind: 'secret', created })} onCancel={cancel} />
      )}
      {task.kind === 'revoke' && <Revoke apiKey={task.key} onClose={onClose} />}
    </Dialog>
  );
}

function titleOf(task: KeyTask, project: string): string {
  switch (task.kind) {
    case 'create':
      return `New key of ${project}`;
    case 'secret':
      return 'Store this secret';
    case 'try':
      return `Test ${task.key.name}`;
    case 'edit':
      return `Edit ${task.key.name}`;
    case 'rotate':
      return `Rotate ${task.key.name}`;
    case 'revoke':
      return `Revoke ${task.key.name}?`;
  }
}

interface CreateProps {
  project: string;
  onTask: (task: KeyTask) => void;
  onCancel: () => void;
}

function Create({ project, onTask, onCancel }: CreateProps) {
  const create = useCreateKey(project);
  return (
    <KeyForm
      first={emptyDraft}
      action="Create the key"
      busy={create.isPending}
      error={create.error}
      onSubmit={(draft) => create.mutate(draft, { onSuccess: (created) => onTask({ kind: 'secret', created }) })}
      onCancel={onCancel}
    />
  );
}

function Edit({ apiKey, onClose }: { apiKey: ApiKey; onClose: (done: string | null) => void }) {
  const update = useUpdateKey(apiKey.id);
  return (
    <KeyForm
      first={draftOf(apiKey)}
      expiresAt={apiKey.expires_at}
      action="Save"
      busy={update.isPending}
      error={update.error}
      onSubmit={(draft) => update.mutate(draft, { onSuccess: (key) => onClose(`${key.name} is changed, from now on.`) })}
      onCancel={() => onClose(null)}
    />
  );
}

function Revoke({ apiKey, onClose }: { apiKey: ApiKey; onClose: (done: string | null) => void }) {
  const revoke = useRevokeKey(apiKey.id);
  return (
    <Ask
      action="Revoke the key"
      danger
      busy={revoke.isPending}
      problem={revoke.isError ? messageOf(revoke.error) : null}
      onConfirm={() => revoke.mutate(undefined, { onSuccess: (key) => onClose(`${key.name} is revoked.`) })}
      onCancel={() => onClose(null)}
    >
      Calls with <code>{apiKey.prefix}…</code>, and with old secrets that still work, are refused at once. This cannot be
      undone: a new key has a new secret.
    </Ask>
  );
}
