import { ActionIcon, Button, TextInput } from '@mantine/core';
import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import { messageOf } from '../http/api';
import { MoreIcon } from '../shell/icons';
import { conversationPath } from './address';
import { Confirm } from '../shell/Confirm';
import type { ConversationSummary } from './conversation';
import classes from './ConversationRow.module.css';
import { exportPath } from './requests';
import { useConversationChanges } from './useConversations';
import { formatWhen } from './when';

interface ConversationRowProps {
  row: ConversationSummary;
  current: boolean;
  modelName: string;
  /** Called once it is deleted; null where nothing else depends on it. */
  onDeleted: (() => void) | null;
  onPick: () => void;
}

type Mode = 'closed' | 'actions' | 'renaming' | 'deleting';

export function ConversationRow({ row, current, modelName, onDeleted, onPick }: ConversationRowProps) {
  const [mode, setMode] = useState<Mode>('closed');
  const { rename, remove } = useConversationChanges();
  const problem = rename.error ?? remove.error;
  const title = row.title === '' ? 'New chat' : row.title;

  const onRename = (title: string) => {
    if (title === row.title) return setMode('closed');
    rename.mutate({ id: row.id, title }, { onSuccess: () => setMode('closed') });
  };
  const onDelete = () => remove.mutate(row.id, { onSuccess: () => onDeleted?.() });

  return (
    <li className={classes.row} data-current={current || undefined}>
      {mode === 'renaming' ? (
        <Rename title={row.title} busy={rename.isPending} onRename={onRename} onCancel={() => setMode('closed')} />
      ) : (
        <div className={classes.line}>
          <Link
            to={conversationPath(row.model, row.id)}
            className={classes.link}
            aria-current={current ? 'page' : undefined}
            onClick={onPick}
          >
            <span className={classes.title}>{title}</span>
            <span className={classes.facts}>
              {row.running && (
                <span className={classes.running}>
                  <span className={classes.dot} aria-hidden="true" />
                  Answering
                </span>
              )}
              <span className={classes.model}>{modelName}</span>
              <time dateTime={row.updated_at}>{formatWhen(row.updated_at, new Date())}</time>
            </span>
          </Link>
          <ActionIcon
            variant="subtle"
            color="gray"
            size="md"
            aria-label={`Actions for ${title}`}
            aria-expanded={mode !== 'closed'}
            onClick={() => setMode(mode === 'closed' ? 'actions' : 'closed')}
          >
            <MoreIcon size={16} />
          </ActionIcon>
        </div>
      )}
      {mode === 'actions' && (
        <div className={classes.actions}>
          <Button size="compact-xs" variant="default" onClick={() => setMode('renaming')}>
            Rename
          </Button>
          <Button size="compact-xs" variant="default" component="a" href={exportPath(row.id, 'markdown')} download>
            Markdown
          </Button>
          <Button size="compact-xs" variant="default" component="a" href={exportPath(row.id, 'json')} download>
            JSON
          </Button>
          <Button size="compact-xs" variant="default" className={classes.delete ?? ''} onClick={() => setMode('deleting')}>
            Delete
          </Button>
        </div>
      )}
      {mode === 'deleting' && (
        <Confirm
          question={row.running ? 'Delete it, and stop its answer?' : 'Delete this conversation?'}
          label="Delete"
          busy={remove.isPending}
          onConfirm={onDelete}
          onCancel={() => setMode('closed')}
        />
      )}
      {problem !== null && (
        <p className={classes.problem} role="alert">
          {messageOf(problem)}
        </p>
      )}
    </li>
  );
}

interface RenameProps {
  title: string;
  busy: boolean;
  onRename: (title: string) => void;
  onCancel: () => void;
}

function Rename({ title, busy, onRename, onCancel }: RenameProps) {
  const [draft, setDraft] = useState(title);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (draft.trim() !== '') onRename(draft.trim());
  };
  return (
    <form className={classes.rename} onSubmit={submit}>
      <TextInput
        size="xs"
        aria-label="Title"
        value={draft}
        maxLength={200}
        autoFocus
        onFocus={(event) => event.currentTarget.select()}
        onChange={(event) => setDraft(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.stopPropagation();
          onCancel();
        }}
      />
      <Button type="submit" size="xs" loading={busy} disabled={draft.trim() === ''}>
        Save
      </Button>
    </form>
  );
}
