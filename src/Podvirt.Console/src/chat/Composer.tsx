import { ActionIcon, Button, Textarea } from '@mantine/core';
import { useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { SendIcon, StopIcon } from '../shell/icons';
import classes from './Composer.module.css';

interface ComposerProps {
  /** An answer runs, or a question is on its way. */
  busy: boolean;
  /** Null where there is nothing to stop. */
  onStop: (() => void) | null;
  stopping: boolean;
  /** Returns whether the question was taken; one that was not comes back into the field. */
  onSend: (question: string) => Promise<boolean>;
  /** Why nothing can be sent; null where it can. */
  refusal: string | null;
  billedTo: string | null;
}

export function Composer({ busy, onStop, stopping, onSend, refusal, billedTo }: ComposerProps) {
  const [draft, setDraft] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const blocked = busy || refusal !== null || draft.trim() === '';

  const send = () => {
    if (blocked) return;
    const question = draft.trim();
    setDraft('');
    field.current?.focus();
    void onSend(question).then((taken) => {
      if (!taken) setDraft((now) => (now === '' ? question : now));
    });
  };

  const onKeyDown = (event: KeyboardEvent<HTMLTextAreaElement>) => {
    // Enter that ends the composition of a character (Japanese, Chinese, Korean) belongs to the input method.
    if (event.key !== 'Enter' || event.shiftKey || event.nativeEvent.isComposing) return;
    event.preventDefault();
    send();
  };

  const onSubmit = (event: FormEvent) => {
    event.preventDefault();
    send();
  };

  const stop = () => {
    onStop?.();
    // The button is about to go; the focus must not go with it.
    field.current?.focus();
  };

  return (
    <form className={classes.composer} onSubmit={onSubmit}>
      <div className={classes.box}>
        <Textarea
          ref={field}
          className={classes.field}
          variant="unstyled"
          aria-label="Message"
          placeholder={refusal ?? 'Message the model'}
          autosize
          minRows={1}
          maxRows={8}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          autoFocus
        />
        {onStop !== null ? (
          <Button className={classes.stop} onClick={stop} disabled={stopping} size="xs" variant="default" leftSection={<StopIcon size={16} />}>
            {stopping ? 'Stopping…' : 'Stop'}
          </Button>
        ) : (
          <ActionIcon className={classes.send} type="submit" size="lg" radius="md" disabled={blocked} aria-label="Send">
            <SendIcon />
          </ActionIcon>
        )}
      </div>
      <p className={classes.hint}>
        <span className={classes.keys}>{onStop === null ? 'Enter sends, Shift+Enter starts a new line. ' : 'Esc stops. '}</span>
        {billedTo === null ? '' : `Billed to ${billedTo}. `}
        Answers can be wrong.
      </p>
    </form>
  );
}
