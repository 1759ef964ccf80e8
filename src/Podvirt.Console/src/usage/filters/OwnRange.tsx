import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { boundsOf, daysOf, rangeOfDays, type Range } from './range';
import classes from './FilterBar.module.css';

/** The first and the last day of an own range, both of UTC and both in it. */
export function OwnRange({ range, onChoose }: { range: Range; onChoose: (range: Range) => void }) {
  const [days, setDays] = useState(() => daysShown(range));
  const [refused, setRefused] = useState(false);
  return (
    <form
      className={classes.days}
      onSubmit={(event) => {
        event.preventDefault();
        const chosen = rangeOfDays(days.first, days.last);
        setRefused(chosen === null);
        if (chosen !== null) onChoose(chosen);
      }}
    >
      <TextInput
        type="date"
        label="First day (UTC)"
        value={days.first}
        onChange={(event) => setDays({ ...days, first: event.currentTarget.value })}
      />
      <TextInput
        type="date"
        label="Last day (UTC)"
        value={days.last}
        aria-invalid={refused}
        aria-describedby={refused ? 'own-range-problem' : undefined}
        onChange={(event) => setDays({ ...days, last: event.currentTarget.value })}
      />
      <Button type="submit" variant="default">
        Show these days
      </Button>
      {refused && (
        <p id="own-range-problem" role="alert" className={classes.problem}>
          Choose two days, the last one not before the first.
        </p>
      )}
    </form>
  );
}

function daysShown(range: Range): { first: string; last: string } {
  const now = new Date();
  const { from = new Date(now.getTime() - 86_400_000).toISOString(), to = now.toISOString() } = boundsOf(range, now);
  return daysOf({ from, to });
}
