import { Button } from '@mantine/core';
import classes from './Confirm.module.css';

interface ConfirmProps {
  question: string;
  label: string;
  busy: boolean;
  onConfirm: () => void;
  onCancel: () => void;
}

/** Asks in place before something is gone for good. The way back has the focus. */
export function Confirm({ question, label, busy, onConfirm, onCancel }: ConfirmProps) {
  return (
    <div
      className={classes.confirm}
      role="group"
      aria-label={question}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        onCancel();
      }}
    >
      <p className={classes.question}>{question}</p>
      <Button size="compact-xs" variant="default" autoFocus onClick={onCancel}>
        Keep
      </Button>
      <Button size="compact-xs" variant="default" className={classes.confirmed ?? ''} loading={busy} onClick={onConfirm}>
        {label}
      </Button>
    </div>
  );
}
