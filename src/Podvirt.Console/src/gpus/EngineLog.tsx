import { Button, Skeleton } from '@mantine/core';
import { useEffect, useRef } from 'react';
import { CopyText } from '../shell/CopyText';
import { useEngineLog } from './useEngineLog';
import classes from './FailureDialog.module.css';

/** Near enough to the end to be taken along. */
const nearPx = 24;

/** What a model's newest engine wrote last, and what it writes from now on. */
export function EngineLog({ model }: { model: string }) {
  const { text, problem, follow } = useEngineLog(model);
  const box = useRef<HTMLPreElement>(null);
  const atEnd = useRef(true);

  useEffect(() => {
    // Whoever scrolled up reads; whoever is at the end stays there.
    if (box.current !== null && atEnd.current) box.current.scrollTop = box.current.scrollHeight;
  }, [text]);

  return (
    <section className={classes.log} aria-label="Engine log">
      <header>
        <h3>Engine log</h3>
        {text !== null && text !== '' && <CopyText text={text} label="Copy the log" />}
      </header>
      {problem !== null && (
        <p className={classes.note} role="alert">
          {problem}{' '}
          <Button size="compact-xs" variant="default" onClick={follow}>
            Follow again
          </Button>
        </p>
      )}
      {text === null && problem === null && <Skeleton height={160} role="status" aria-label="Loading the log" />}
      {text === '' && <p className={classes.note}>No engine of this model has written anything.</p>}
      {text !== null && text !== '' && (
        <pre
          ref={box}
          className={classes.text}
          tabIndex={0}
          onScroll={({ currentTarget }) => {
            atEnd.current = currentTarget.scrollHeight - currentTarget.scrollTop - currentTarget.clientHeight < nearPx;
          }}
        >
          {text}
        </pre>
      )}
    </section>
  );
}
