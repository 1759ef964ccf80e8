import { Button } from '@mantine/core';
import type { ModelView } from '../models/model';
import { CopyButton } from './CopyButton';
import type { Answer } from './conversation';
import { answerFigures, stoppedNote } from './figures';
import { Markdown } from './Markdown';
import { Reasoning } from './Reasoning';
import { Waiting } from './Waiting';
import classes from './AnswerView.module.css';

interface AnswerViewProps {
  answer: Answer;
  model: ModelView | null;
  onRetry: (() => void) | null;
}

export function AnswerView({ answer, model, onRetry }: AnswerViewProps) {
  const running = answer.outcome === 'running';
  const nothingYet = answer.text === '' && answer.reasoning === '';
  return (
    <article className={classes.answer} aria-label="Answer" aria-busy={running}>
      {answer.reasoning.trim() !== '' && (
        <Reasoning text={answer.reasoning} thinking={running && answer.text === ''} />
      )}
      {answer.text !== '' && <Markdown text={answer.text} streaming={running} />}
      {running && nothingYet && <Waiting answer={answer} model={model} />}
      <Ending answer={answer} onRetry={onRetry} />
      {!running && <Figures answer={answer} />}
    </article>
  );
}

/** How the answer ended, where that is not simply its own end. */
function Ending({ answer, onRetry }: { answer: Answer; onRetry: (() => void) | null }) {
  const retry = onRetry !== null && (
    <Button size="xs" variant="default" onClick={onRetry}>
      Retry
    </Button>
  );
  switch (answer.outcome) {
    case 'running':
      return null;
    case 'stopped':
      return (
        <div className={classes.ending} data-tone="calm">
          <span>{stoppedNote(answer)}</span>
          {retry}
        </div>
      );
    case 'failed':
    case 'interrupted':
      return (
        <div className={classes.ending} data-tone="failed">
          <span>
            <strong>{answer.outcome === 'failed' ? 'No answer.' : 'The answer was interrupted.'}</strong>{' '}
            <WithCode text={answer.error ?? ''} />
          </span>
          {retry}
        </div>
      );
    case 'complete': {
      const note = completeNote(answer);
      return note === null ? null : (
        <div className={classes.ending} data-tone="calm">
          <span>{note}</span>
        </div>
      );
    }
  }
}

/** The server's messages set names in backticks. */
function WithCode({ text }: { text: string }) {
  const parts = text.split('`');
  // An odd number of backticks is no pair: then they are only characters.
  if (parts.length % 2 === 0) return text;
  return parts.map((part, index) => (index % 2 === 0 ? part : <code key={index}>{part}</code>));
}

function completeNote(answer: Answer): string | null {
  if (answer.finish === 'length') return 'Cut at the token limit. Raise “Max tokens” in the settings for a longer answer.';
  if (answer.finish === 'content_filter') return 'Cut by the engine’s content filter.';
  if (answer.text === '') return answer.reasoning === '' ? 'The model answered with nothing.' : 'The model ended while still reasoning.';
  return null;
}

function Figures({ answer }: { answer: Answer }) {
  const figures = answerFigures(answer);
  if (figures.length === 0) return null;
  return (
    <div className={classes.foot}>
      <ul className={`${classes.figures} tabular`} aria-label="Figures of this answer">
        {figures.map((figure) => (
          <li key={figure}>{figure}</li>
        ))}
      </ul>
      {answer.text !== '' && <CopyButton text={answer.text} label="Copy the answer" />}
    </div>
  );
}
