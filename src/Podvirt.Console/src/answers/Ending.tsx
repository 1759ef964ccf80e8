import { Button } from '@mantine/core';
import { formatDuration } from '../models/format';
import type { Answer } from './answer';
import classes from './AnswerView.module.css';
import { problemTitle, stoppedNote } from './figures';

interface EndingProps {
  answer: Answer;
  settled: boolean;
  problem: string | null;
  onRetry: (() => void) | null;
}

/** How the answer ended, where that is not simply its own end. */
export function Ending({ answer, settled, problem, onRetry }: EndingProps) {
  const retry = onRetry !== null && (
    <Button className={classes.whenIdle ?? ''} size="xs" variant="default" onClick={onRetry}>
      Retry
    </Button>
  );
  switch (answer.status) {
    case 'waiting':
    case 'streaming':
      return problem === null ? null : (
        <div className={classes.ending} data-tone="failed">
          <span>
            <strong>This answer cannot be followed.</strong> {problem}
          </span>
          <Button size="xs" variant="default" onClick={() => window.location.reload()}>
            Reload the page
          </Button>
        </div>
      );
    case 'stopped':
      return (
        <div className={classes.ending} data-tone="calm">
          <span className="tabular">{stoppedNote(answer, settled)}</span>
          {retry}
        </div>
      );
    case 'failed':
    case 'interrupted':
      return (
        <div className={classes.ending} data-tone="failed">
          <span>
            <strong>{problemTitle(answer)}</strong> <WithCode text={reason(answer)} />
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

function reason({ error }: Answer): string {
  if (error === null) return '';
  return error.retry_after_s === null ? error.message : `${error.message} Try again in ${formatDuration(error.retry_after_s * 1000)}.`;
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
  if (answer.text === '') return (answer.thinking ?? '') === '' ? 'The model answered with nothing.' : 'The model ended while still thinking.';
  return null;
}
