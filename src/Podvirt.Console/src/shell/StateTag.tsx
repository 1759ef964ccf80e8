import classes from './StateTag.module.css';

export type StateTone = 'good' | 'calm' | 'waiting' | 'bad';

/** A state in a word, with a mark whose shape differs too. */
export function StateTag({ tone, children }: { tone: StateTone; children: string }) {
  return (
    <span className={classes.tag} data-tone={tone}>
      <span className={classes.mark} aria-hidden="true" />
      {children}
    </span>
  );
}
