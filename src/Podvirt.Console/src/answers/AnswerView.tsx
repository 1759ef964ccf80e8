import { Tabs } from '@mantine/core';
import { lazy, Suspense, useState, type ReactNode } from 'react';
import type { ModelView } from '../models/model';
import { QuietButton } from '../shell/QuietButton';
import { Waiting } from '../shell/Waiting';
import { isRunning } from './answer';
import { AnswerFoot } from './AnswerFoot';
import classes from './AnswerView.module.css';
import { Ending } from './Ending';
import { thinkingLine } from './figures';
import { Markdown } from './Markdown';
import { Thinking } from './Thinking';
import type { ShownAnswer } from './useAnswer';
import { waitingLine } from './waitingLine';

const FramesView = lazy(() => import('./FramesView'));

interface AnswerViewProps {
  shown: ShownAnswer;
  /** Whose words these are. */
  name: string;
  model: ModelView | null;
  /** Null where another answer cannot be asked for now. */
  onRetry: (() => void) | null;
  /** Drawn with the page; others wait their turn. */
  first: boolean;
  /** The way to the other answers to the same question. */
  siblings?: ReactNode;
}

export function AnswerView({ shown, name, model, onRetry, first, siblings }: AnswerViewProps) {
  const { answer, connection, problem, settled } = shown;
  const [tab, setTab] = useState<string | null>('answer');
  const running = isRunning(answer);
  const thinking = answer.thinking ?? '';
  return (
    <article className={classes.answer} aria-label="Answer" aria-busy={running}>
      <Tabs value={tab} onChange={setTab} variant="none" keepMounted={false} activateTabWithKeyboard={false}>
        <header className={classes.head}>
          <span className={classes.name}>{name}</span>
          {siblings}
          <Tabs.List className={classes.tabs ?? ''} aria-label="Views of this answer">
            <Tabs.Tab value="answer" className={classes.tab ?? ''}>
              Answer
            </Tabs.Tab>
            <Tabs.Tab value="json" className={classes.tab ?? ''}>
              JSON
            </Tabs.Tab>
          </Tabs.List>
        </header>
        <Tabs.Panel value="answer" className={classes.panel ?? ''}>
          {thinking.trim() !== '' && <Thinking text={thinking} line={thinkingLine(answer)} until={answer.frames_until} />}
          {answer.text !== '' && <Markdown text={answer.text} growing={running} first={first} />}
          {running && answer.text === '' && thinking === '' && problem === null && (
            <Waiting since={Date.parse(answer.started_at)} line={(waitedMs) => waitingLine(answer, model, waitedMs)} />
          )}
          {connection === 'lost' && (
            <p className={classes.lost} role="status">
              The connection is lost. The answer goes on at the server; reconnecting…
            </p>
          )}
          <Ending answer={answer} settled={settled} problem={problem} onRetry={onRetry} />
        </Tabs.Panel>
        <Tabs.Panel value="json">
          <Suspense fallback={<p className={classes.lost}>Loading…</p>}>
            <FramesView id={answer.id} until={answer.frames_until} running={running} />
          </Suspense>
        </Tabs.Panel>
      </Tabs>
      <AnswerFoot answer={answer}>
        {!running && onRetry !== null && answer.status === 'complete' && (
          <QuietButton className={classes.whenIdle} onClick={onRetry}>
            Regenerate
          </QuietButton>
        )}
      </AnswerFoot>
    </article>
  );
}
