import { useEffect, useState } from 'react';
import { formatSeconds } from '../models/format';
import type { ModelView } from '../models/model';
import { warmUpLine } from '../models/warmUp';
import type { Answer } from './conversation';
import classes from './Waiting.module.css';

const tickMs = 250;
/** Before this long a plain "sent" says enough. */
const quietMs = 1_500;

/** What the answer waits for, until its first token: never a spinner without a word. */
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
      {waitingLine(answer, model, Math.max(0, now - answer.startedAt))}
    </p>
  );
}

function waitingLine(answer: Answer, model: ModelView | null, waitedMs: number): string {
  // The model's own state is the same for all who look; the comment in this stream is the next best word.
  if (model?.warm_up) return warmUpLine(model.warm_up);
  if (answer.warming !== null && answer.replica === null && model?.status !== 'Active') {
    const { phase, etaMs } = answer.warming;
    return warmUpLine({ phase: phase ?? 'starting', elapsed_ms: waitedMs, eta_ms: etaMs });
  }
  if (waitedMs < quietMs) return 'Sent';
  if (model?.status === 'Failed') return `The model failed and is being retried · ${formatSeconds(waitedMs)}`;
  if (model !== null && model.waiting > 0) return `Waiting for a free place · ${formatSeconds(waitedMs)}`;
  return `Waiting for the first token · ${formatSeconds(waitedMs)}`;
}
