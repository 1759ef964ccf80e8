import { ActionIcon, Button, Textarea } from '@mantine/core';
import { useRef, useState, type FormEvent, type KeyboardEvent } from 'react';
import { SendIcon, StopIcon } from '../shell/icons';
import classes from './Composer.module.css';

interface ComposerProps {
  busy: boolean;
  onSend: (question: string) => void;
  onStop: () => void;
}

export function Composer({ busy, onSend, onStop }: ComposerProps) {
  const [draft, setDraft] = useState('');
  const field = useRef<HTMLTextAreaElement>(null);
  const empty = draft.trim() === '';

  const send = () => {
    if (busy || empty) return;
    onSend(draft.trim());
    setDraft('');
    field.current?.focus();
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
    onStop();
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
          placeholder="Message the model"
          autosize
          minRows={1}
          maxRows={8}
          value={draft}
          onChange={(event) => setDraft(event.currentTarget.value)}
          onKeyDown={onKeyDown}
          autoFocus
        />
        {busy ? (
          <Button className={classes.stop} onClick={stop} size="xs" variant="default" leftSection={<StopIcon size={16} />}>
            Stop
          </Button>
        ) : (
          <ActionIcon type="submit" size="lg" radius="md" disabled={empty} aria-label="Send">
            <SendIcon />
          </ActionIcon>
        )}
      </div>
      <p className={classes.hint}>
        <span className={classes.keys}>Enter sends, Shift+Enter starts a new line. </span>Answers can be wrong.
      </p>
    </form>
  );
}
