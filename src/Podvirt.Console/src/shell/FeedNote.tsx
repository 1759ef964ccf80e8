import { useFeedState } from '../live/ModelFeed';
import classes from './FeedNote.module.css';

/** Says that what is shown may be old. The region is always there, so that a screen reader hears the change. */
export function FeedNote() {
  const lost = useFeedState() === 'lost';
  return (
    <div role="status" className={classes.region}>
      {lost && <span className={classes.note}>Live updates are interrupted. Reconnecting…</span>}
    </div>
  );
}
