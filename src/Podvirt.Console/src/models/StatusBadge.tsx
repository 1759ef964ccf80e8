import classes from './StatusBadge.module.css';

const tones: Record<string, string> = {
  Active: 'active',
  'Warming Up': 'warming',
  Sleeping: 'sleeping',
  Cold: 'cold',
  Failed: 'failed',
};

/** A word with a mark beside it: the mark's shape differs too, so that colour carries nothing alone. */
export function StatusBadge({ status }: { status: string }) {
  return (
    <span className={classes.badge} data-tone={tones[status] ?? 'cold'}>
      <span className={classes.mark} aria-hidden="true" />
      {status}
    </span>
  );
}
