import { Button } from '@mantine/core';
import { useEffect, useRef, useState } from 'react';
import type { ModelView } from '../models/model';
import { DownIcon } from '../shell/icons';
import type { Turn } from './conversation';
import { TurnView } from './TurnView';
import classes from './MessageList.module.css';

interface MessageListProps {
  model: ModelView;
  turns: Turn[];
  busy: boolean;
  onRetry: (id: string) => void;
}

/** Within this many pixels of the end counts as reading along. */
const nearEndPx = 48;

export function MessageList({ model, turns, busy, onRetry }: MessageListProps) {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);
  const count = turns.length;

  const toEnd = () => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  };

  // A new question always brings its end into view.
  useEffect(() => {
    following.current = true;
    toEnd();
  }, [count]);

  // Whatever grows, a reader at the end stays at the end; one who scrolled up is left in peace.
  useEffect(() => {
    const frame = list.current;
    const content = frame?.firstElementChild;
    if (!frame || !content) return;
    const observer = new ResizeObserver(() => {
      if (following.current) toEnd();
    });
    observer.observe(content);
    observer.observe(frame);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    const nearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearEndPx;
    // This event may come after more has been added, so far from the end alone is no sign: only a reader moves up.
    if (nearEnd) following.current = true;
    else if (element.scrollTop < lastTop.current) following.current = false;
    lastTop.current = element.scrollTop;
    setAway(!following.current);
  };

  return (
    <div className={classes.frame}>
      {/* Live is off: a screen reader would speak every token. The end of an answer is announced elsewhere, once. */}
      <div
        ref={list}
        className={classes.list}
        role="log"
        aria-live="off"
        aria-label="Messages"
        tabIndex={0}
        onScroll={onScroll}
      >
        <div className={classes.content}>
          {turns.map((turn, index) => (
            <TurnView
              key={turn.id}
              turn={turn}
              // Only the last answer can be waiting for the model, so the others need not follow its state.
              model={index === count - 1 ? model : null}
              retry={busy ? null : onRetry}
            />
          ))}
        </div>
      </div>
      {away && (
        <Button
          className={classes.jump}
          size="xs"
          variant="default"
          leftSection={<DownIcon size={14} />}
          onClick={() => {
            following.current = true;
            toEnd();
            list.current?.focus();
          }}
        >
          To the end
        </Button>
      )}
    </div>
  );
}
