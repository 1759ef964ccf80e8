import { Skeleton } from '@mantine/core';
import classes from './CatalogPage.module.css';

export function CatalogSkeleton() {
  return (
    <div role="status" aria-label="Loading the models">
      <Skeleton height={36} maw={384} />
      <div className={classes.grid}>
        {[0, 1, 2, 3, 4, 5].map((place) => (
          <Skeleton key={place} height={232} />
        ))}
      </div>
    </div>
  );
}
