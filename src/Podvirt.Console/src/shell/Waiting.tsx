import { useNow } from './useNow';
import classes from './Waiting.module.css';

const tickMs = 250;

interface WaitingProps {
  /** When it began, in milliseconds since 1970. */
  since: number;
  /** What is waited for, by how long that has taken so far. */
  line: (waitedMs: number) => string;
}

/** Says what something waits for, and for how long by now. */
export function Waiting({ since, line }: WaitingProps) {
  const now = useNow(tickMs);
  return (
    <p className={`${classes.waiting} tabular`}>
      <span className={classes.dots} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {line(Math.max(0, now - since))}
    </p>
  );
}
