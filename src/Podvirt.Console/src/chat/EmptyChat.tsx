import type { ModelView } from '../models/model';
import { readiness } from '../models/readiness';
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
        {readiness(model, 'message', 'answers')}
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
