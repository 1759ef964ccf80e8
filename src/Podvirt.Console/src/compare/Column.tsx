import { Button } from '@mantine/core';
import { useEffect, type ReactNode } from 'react';
import { isRunning, type Answer } from '../answers/answer';
import { AnswerView } from '../answers/AnswerView';
import { formatSpeed, tokensPerSecond } from '../answers/figures';
import { useAnswer } from '../answers/useAnswer';
import { announcement } from '../chat/announcement';
import { formatDuration, formatPrice } from '../models/format';
import type { ModelView } from '../models/model';
import { StatusBadge } from '../models/StatusBadge';
import classes from './Column.module.css';
import type { Entry } from './useComparison';

interface ColumnProps {
  entry: Entry;
  model: ModelView | null;
  stopping: boolean;
  onStop: (ids: string[]) => void;
  onEnd: (answer: Answer) => void;
  announce: (text: string) => void;
}

/** One model's answer, with the figures that it is compared by above it. */
export function Column({ entry, model, stopping, onStop, onEnd, announce }: ColumnProps) {
  const name = model?.name ?? entry.model;
  return (
    <section className={classes.column} aria-label={name}>
      {entry.given !== null ? (
        <Asked given={entry.given} name={name} model={model} stopping={stopping} onStop={onStop} onEnd={onEnd} announce={announce} />
      ) : (
        <>
          <Head name={name} model={model} />
          {entry.problem !== null ? (
            <div className={classes.problem} role="alert">
              <span>{entry.problem}</span>
              {entry.answer !== null && (
                <Button size="compact-xs" variant="default" onClick={entry.again}>
                  Try again
                </Button>
              )}
            </div>
          ) : (
            <p className={classes.none}>{entry.answer === null ? 'Not asked yet.' : 'Loading…'}</p>
          )}
        </>
      )}
    </section>
  );
}

interface AskedProps extends Omit<ColumnProps, 'entry'> {
  given: Answer;
  name: string;
}

function Asked({ given, name, model, stopping, onStop, onEnd, announce }: AskedProps) {
  const shown = useAnswer(given, onEnd);
  const { answer } = shown;
  const running = isRunning(answer);
  // Four that tell their phases at once would be noise: only the ends are told.
  const said = running ? '' : announcement(name, null, answer);
  useEffect(() => {
    if (said !== '') announce(said);
  }, [announce, said]);
  const speed = tokensPerSecond(answer);
  return (
    <>
      <Head name={name} model={model}>
        {running && (
          <Button size="compact-xs" variant="default" disabled={stopping} onClick={() => onStop([answer.id])} aria-label={`Stop ${name}`}>
            {stopping ? 'Stopping…' : 'Stop'}
          </Button>
        )}
      </Head>
      <dl className={`${classes.figures} tabular`}>
        <Figure label="First token" value={answer.first_token_ms === null ? null : formatDuration(answer.first_token_ms)} />
        <Figure label="Speed" value={speed === null ? null : formatSpeed(speed)} />
        <Figure label="Cost" value={answer.billed?.cost == null ? null : formatPrice(answer.billed.cost)} />
      </dl>
      <div className={classes.answer} tabIndex={0} role="region" aria-label={`Answer of ${name}`}>
        <AnswerView shown={shown} name="" model={model} onRetry={null} first />
      </div>
    </>
  );
}

function Head({ name, model, children }: { name: string; model: ModelView | null; children?: ReactNode }) {
  return (
    <header className={classes.head}>
      <h2 className={classes.name}>{name}</h2>
      {model !== null && <StatusBadge status={model.status} />}
      <span className={classes.stop}>{children}</span>
    </header>
  );
}

/** A figure that is not known has its place all the same. */
function Figure({ label, value }: { label: string; value: string | null }) {
  return (
    <div>
      <dt>{label}</dt>
      <dd>
        {value ?? (
          <>
            <span aria-hidden="true">–</span>
            <span className="visually-hidden">not known yet</span>
          </>
        )}
      </dd>
    </div>
  );
}
