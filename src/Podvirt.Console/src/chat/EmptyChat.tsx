import { formatDuration } from '../models/format';
import { isExternal, type ModelView } from '../models/model';
import { warmUpLine } from '../models/warmUp';
import classes from './EmptyChat.module.css';

const starters: Record<string, string[]> = {
  chat: [
    'Explain what a KV cache is to a backend engineer.',
    'Compare three ways to roll out a new service version.',
    'Draft a short status update about a fixed outage.',
  ],
  code: [
    'Write a C# method that merges two sorted lists.',
    'Explain the difference between a mutex and a semaphore, with code.',
    'Write a SQL query for the ten slowest requests per day.',
  ],
};

export function EmptyChat({ model, onPick }: { model: ModelView; onPick: (question: string) => void }) {
  return (
    <div className={classes.empty}>
      <h2 className={classes.title}>Chat with {model.name}</h2>
      <p className={`${classes.note} tabular`} data-failed={model.status === 'Failed' || undefined}>
        {readiness(model)}
      </p>
      <ul className={classes.starters} aria-label="Ways to start">
        {(starters[model.type] ?? []).map((starter) => (
          <li key={starter}>
            <button type="button" className={classes.starter} onClick={() => onPick(starter)}>
              {starter}
            </button>
          </li>
        ))}
      </ul>
    </div>
  );
}

/** What the first message will meet, so that a wait is no surprise. */
function readiness(model: ModelView): string {
  const last = model.startup_duration_ms === null ? '' : ` The last start-up took ${formatDuration(model.startup_duration_ms)}.`;
  if (model.warm_up !== null) return warmUpLine(model.warm_up);
  switch (model.status) {
    case 'Active':
      return isExternal(model) ? 'Served by an external engine. It answers at once.' : 'The model is active and answers at once.';
    case 'Sleeping':
      return 'The model sleeps. The first message wakes it up.';
    case 'Failed':
      return `The model failed: ${model.reason ?? 'the server gave no reason.'}`;
    case 'Cold':
      return `The model is cold. The first message starts it.${last}`;
    default:
      return `The model is ${model.status.toLowerCase()}.`;
  }
}
