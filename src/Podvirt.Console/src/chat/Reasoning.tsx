import { memo, useState } from 'react';
import classes from './Reasoning.module.css';

/** The model's reasoning: apart from the answer, collapsed, and drawn only when somebody opens it. */
export const Reasoning = memo(function Reasoning({ text, thinking }: { text: string; thinking: boolean }) {
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.reasoning} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={classes.summary}>{thinking ? 'Reasoning…' : 'Reasoning'}</summary>
      {open && <div className={classes.text}>{text.trim()}</div>}
    </details>
  );
});
