import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { isRunning, type Answer } from './answer';
import classes from './AnswerFoot.module.css';
import { CopyButton } from './CopyButton';
import { answerFigures } from './figures';

/** What an answer took and cost, and what can be done with it. Its place is there from the start, so that nothing jumps. */
export function AnswerFoot({ answer, children }: { answer: Answer; children?: ReactNode }) {
  const running = isRunning(answer);
  const figures = running ? [] : answerFigures(answer);
  return (
    <footer className={classes.foot}>
      {figures.length > 0 && (
        <ul className={`${classes.figures} tabular`} aria-label="Figures of this answer">
          {figures.map((figure) => (
            <li key={figure}>{figure}</li>
          ))}
        </ul>
      )}
      {!running && (
        <div className={classes.actions}>
          {answer.text !== '' && <CopyButton text={answer.text} label="Copy the answer" />}
          {children}
          {answer.request_id !== null && (
            <Link className={classes.record} to={`/inference/usage/requests/${encodeURIComponent(answer.request_id)}`}>
              Usage record
            </Link>
          )}
        </div>
      )}
    </footer>
  );
}
