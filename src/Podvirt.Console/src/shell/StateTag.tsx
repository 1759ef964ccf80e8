import classes from './StateTag.module.css';

export type StateTone = 'good' | 'calm' | 'waiting' | 'warming' | 'sleeping' | 'bad';

/** A state in a word, with a mark beside it: the mark's shape differs too, so that colour carries nothing alone. */
export function StateTag({ tone, children }: { tone: StateTone; children: string }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      <span className={classes.mark} aria-hidden="true" />
      {children}
    </span>
  );
}
