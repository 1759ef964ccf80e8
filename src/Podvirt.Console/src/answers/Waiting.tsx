import { useEffect, useState } from 'react';
import type { ModelView } from '../models/model';
import type { Answer } from './answer';
import { waitingLine } from './waitingLine';
import classes from './Waiting.module.css';

const tickMs = 250;

export function Waiting({ answer, model }: { answer: Answer; model: ModelView | null }) {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), tickMs);
    return () => clearInterval(timer);
  }, []);
  return (
    <p className={`${classes.waiting} tabular`}>
      <span className={classes.dots} aria-hidden="true">
        <i />
        <i />
        <i />
      </span>
      {waitingLine(answer, model, Math.max(0, now - Date.parse(answer.started_at)))}
    </p>
  );
}
