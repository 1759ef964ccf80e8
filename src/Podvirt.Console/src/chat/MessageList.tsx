import { Button } from '@mantine/core';
import { memo } from 'react';
import type { ModelView } from '../models/model';
import { DownIcon } from '../shell/icons';
import classes from './MessageList.module.css';
import { Question } from './Question';
import type { Turn } from './tree';
import turnClasses from './TurnView.module.css';
import { TurnView } from './TurnView';
import type { Pending, TurnActions } from './useChat';
import { useReadingAlong } from './useReadingAlong';

interface MessageListProps {
  model: ModelView;
  turns: Turn[];
  /** A question that the server has not taken yet. */
  sent: Pending | null;
  busy: boolean;
  actions: TurnActions;
  announce: (text: string) => void;
}

export const MessageList = memo(function MessageList({ model, turns, sent, busy, actions, announce }: MessageListProps) {
  // An edited question takes the place of what stands after its parent.
  const at = sent === null ? -1 : turns.findIndex(({ question }) => question.parent === sent.parent);
  const shown = at < 0 || sent?.content === null ? turns : turns.slice(0, at);
  const last = shown.at(-1);
  const reading = useReadingAlong(`${last?.question.id} ${last?.answer?.id} ${sent !== null}`);

  return (
    <div className={classes.frame} data-busy={busy || undefined}>
      {/* Live is off: a screen reader would speak every token. The end of an answer is announced elsewhere, once. */}
      <div
        ref={reading.list}
        className={classes.list}
        role="log"
        aria-live="off"
        aria-label="Messages"
        tabIndex={0}
        onScroll={reading.onScroll}
      >
        <div className={classes.content}>
          {shown.map((turn) => (
            <TurnView
              key={turn.question.id}
              turn={turn}
              name={model.name}
              model={turn === last && busy ? model : null}
              actions={actions}
              announce={turn === last ? announce : null}
            />
          ))}
          {sent !== null && (
            <div className={turnClasses.turn}>
              {sent.content !== null && <Question content={sent.content} onEdit={null} />}
              <p className={classes.sending}>Sending…</p>
            </div>
          )}
        </div>
      </div>
      {reading.away && (
        <Button className={classes.jump} size="xs" variant="default" leftSection={<DownIcon size={14} />} onClick={reading.toEnd}>
          To the end
        </Button>
      )}
    </div>
  );
});
