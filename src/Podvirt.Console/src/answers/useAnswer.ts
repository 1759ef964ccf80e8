import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { isUnauthorized, messageOf } from '../http/api';
import { usePageVisible } from '../live/usePageVisible';
import { forgetSession } from '../session/session';
import { isRunning, type Answer } from './answer';
import { FrameBatcher } from './drawing';
import { followAnswer } from './follow';

export interface ShownAnswer {
  answer: Answer;
  /** `lost`: the answer goes on at the server while the page tries to come back. */
  connection: 'live' | 'lost';
  /** Why the answer cannot be followed any more; null where it can. */
  problem: string | null;
}

/** The answer as it stands now: followed while it runs, drawn as often as the page can bear. `onEnd` hears of the end once. */
export function useAnswer(given: Answer, onEnd: (answer: Answer) => void): ShownAnswer {
  const client = useQueryClient();
  const visible = usePageVisible();
  const [drawn, setDrawn] = useState<Answer | null>(null);
  const [connection, setConnection] = useState<ShownAnswer['connection']>('live');
  const [problem, setProblem] = useState<string | null>(null);
  const running = isRunning(given);
  const latest = useRef({ given, onEnd });
  useEffect(() => {
    latest.current = { given, onEnd };
  });

  const { id } = given;
  useEffect(() => {
    if (!running || !visible) return;
    const controller = new AbortController();
    const frames = new FrameBatcher<Answer>(setDrawn);
    void followAnswer(
      latest.current.given,
      {
        onProgress: (answer) => frames.push(answer),
        onEnd: (answer) => {
          frames.clear();
          setDrawn(answer);
          latest.current.onEnd(answer);
        },
        onConnected: () => setConnection('live'),
        onLost: () => setConnection('lost'),
        onRefused: (error) => {
          if (isUnauthorized(error)) forgetSession(client);
          setProblem(messageOf(error));
        },
      },
      controller.signal,
    );
    return () => {
      controller.abort();
      frames.clear();
    };
  }, [client, id, running, visible]);

  const answer = running && drawn?.id === id ? drawn : given;
  return { answer, connection: isRunning(answer) ? connection : 'live', problem: isRunning(answer) ? problem : null };
}
