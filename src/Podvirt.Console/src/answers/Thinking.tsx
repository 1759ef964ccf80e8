import { memo, useState } from 'react';
import classes from './Thinking.module.css';

interface ThinkingProps {
  text: string;
  line: string;
  /** When the text goes, as the frames do; null while that is not known. */
  until: string | null;
}

/** The model's thinking: apart from the answer, collapsed, and drawn only when somebody opens it. */
export const Thinking = memo(function Thinking({ text, line, until }: ThinkingProps) {
  const [open, setOpen] = useState(false);
  return (
    <details className={classes.thinking} open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary className={`${classes.summary} tabular`}>{line}</summary>
      {open && (
        <>
          <div className={classes.text} tabIndex={0} role="region" aria-label="Thinking">
            {text.trim()}
          </div>
          <p className={classes.note}>
            It is not sent back to the model{until === null ? '' : `, and kept until ${new Date(until).toLocaleString()}`}.
          </p>
        </>
      )}
    </details>
  );
});
