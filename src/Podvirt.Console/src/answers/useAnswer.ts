import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { isUnauthorized, messageOf } from '../http/api';
import { usePageVisible } from '../live/usePageVisible';
import { forgetSession } from '../session/session';
import { awaitsBill, isRunning, type Answer } from './answer';
import { FrameBatcher } from './drawing';
import { followAnswer } from './follow';

export interface ShownAnswer {
  answer: Answer;
  /** `lost`: the answer goes on at the server while the page tries to come back. */
  connection: 'live' | 'lost';
  /** Why the answer cannot be followed any more; null where it can. */
  problem: string | null;
  /** Nothing will change any more: it is over, and so is the waiting for its bill. */
  settled: boolean;
}

/**
 * The answer as it stands now: followed while it runs and until its bill is there, drawn as often as the page can bear.
 * `onOver` hears when it is over, and once more when its bill is there.
 */
export function useAnswer(given: Answer, onOver: (answer: Answer) => void): ShownAnswer {
  const client = useQueryClient();
  const visible = usePageVisible();
  const [drawn, setDrawn] = useState<Answer | null>(null);
  const [ended, setEnded] = useState<string | null>(null);
  const [connection, setConnection] = useState<ShownAnswer['connection']>('live');
  const [problem, setProblem] = useState<string | null>(null);
  const { id } = given;
  const following = ended !== id && (isRunning(given) || drawn?.id === id || awaitsBill(given, Date.now()));
  const latest = useRef({ given, onOver });
  useEffect(() => {
    latest.current = { given, onOver };
  });

  useEffect(() => {
    if (!following || !visible) return;
    const controller = new AbortController();
    const frames = new FrameBatcher<Answer>(setDrawn);
    let over = false;
    const tellOver = (answer: Answer) => {
      frames.clear();
      setDrawn(answer);
      latest.current.onOver(answer);
    };
    void followAnswer(
      latest.current.given,
      {
        onProgress: (answer) => {
          if (isRunning(answer) || over) return frames.push(answer);
          over = true;
          tellOver(answer);
        },
        onEnd: (answer) => {
          tellOver(answer);
          setEnded(id);
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
  }, [client, id, following, visible]);

  const answer = (following || isRunning(given)) && drawn?.id === id ? drawn : given;
  const runs = isRunning(answer);
  return { answer, connection: runs ? connection : 'live', problem: runs ? problem : null, settled: !following };
}
