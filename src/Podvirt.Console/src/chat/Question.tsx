import { Button, Textarea } from '@mantine/core';
import { useState, type KeyboardEvent, type ReactNode } from 'react';
import { QuietButton } from '../shell/QuietButton';
import classes from './Question.module.css';

interface QuestionProps {
  content: string;
  /** Null where it cannot be edited: it is on its way. */
  onEdit: ((content: string) => void) | null;
  siblings?: ReactNode;
}

/** A question, or the field that makes another of it: the first one stays, on a branch of its own. */
export function Question({ content, onEdit, siblings }: QuestionProps) {
  const [draft, setDraft] = useState<string | null>(null);
  if (draft !== null && onEdit !== null) {
    return <EditedQuestion draft={draft} onChange={setDraft} onSend={onEdit} unchanged={draft.trim() === content} />;
  }
  return (
    <div className={classes.question}>
      <article className={classes.bubble} aria-label="You">
        {content}
      </article>
      <div className={classes.actions}>
        {siblings}
        {onEdit !== null && (
          <QuietButton className={classes.whenIdle} onClick={() => setDraft(content)}>
            Edit
          </QuietButton>
        )}
      </div>
    </div>
  );
}

interface EditedQuestionProps {
  draft: string;
  unchanged: boolean;
  onChange: (draft: string | null) => void;
  onSend: (content: string) => void;
}

function EditedQuestion({ draft, unchanged, onChange, onSend }: EditedQuestionProps) {
  const send = () => {
    if (draft.trim() === '' || unchanged) return;
    onChange(null);
    onSend(draft.trim());
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Escape') {
      event.stopPropagation();
      onChange(null);
    } else if (event.key === 'Enter' && !event.shiftKey && !event.nativeEvent.isComposing) {
      event.preventDefault();
      send();
    }
  };
  return (
    <div className={classes.editor}>
      <Textarea
        aria-label="Edited question"
        autosize
        minRows={2}
        maxRows={12}
        value={draft}
        autoFocus
        onFocus={(event) => event.currentTarget.setSelectionRange(draft.length, draft.length)}
        onChange={(event) => onChange(event.currentTarget.value)}
        onKeyDown={onKeyDown}
      />
      <div className={classes.actions}>
        <Button size="xs" variant="default" onClick={() => onChange(null)}>
          Cancel
        </Button>
        <Button size="xs" onClick={send} disabled={unchanged || draft.trim() === ''}>
          Send as a new branch
        </Button>
      </div>
    </div>
  );
}
