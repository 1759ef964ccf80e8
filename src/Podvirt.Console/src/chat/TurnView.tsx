import { memo } from 'react';
import type { ModelView } from '../models/model';
import { AnswerView } from './AnswerView';
import type { Turn } from './conversation';
import classes from './TurnView.module.css';

interface TurnViewProps {
  turn: Turn;
  model: ModelView | null;
  /** Null while another answer is under way. */
  retry: ((id: string) => void) | null;
}

/** A question and its answer. Finished turns do not draw again while a later one streams. */
export const TurnView = memo(function TurnView({ turn, model, retry }: TurnViewProps) {
  return (
    <div className={classes.turn} data-running={turn.answer.outcome === 'running' || undefined}>
      <article className={classes.question} aria-label="You">
        {turn.question}
      </article>
      <AnswerView answer={turn.answer} model={model} onRetry={retry === null ? null : () => retry(turn.id)} />
    </div>
  );
});
