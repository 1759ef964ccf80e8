import { Button } from '@mantine/core';
import { Updated } from '../charts/Updated';
import classes from './Refresh.module.css';

interface RefreshProps {
  query: { data: unknown; dataUpdatedAt: number; isFetching: boolean; refetch: () => unknown };
}

/** How old the figures are, and a button for new ones. */
export function Refresh({ query }: RefreshProps) {
  return (
    <span className={classes.refresh}>
      {query.data !== undefined && <Updated at={query.dataUpdatedAt} />}
      <Button size="compact-sm" variant="default" aria-busy={query.isFetching} onClick={() => void query.refetch()}>
        Refresh
      </Button>
    </span>
  );
}
