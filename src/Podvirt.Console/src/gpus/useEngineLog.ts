import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useState } from 'react';
import { call, isUnauthorized, messageOf } from '../http/api';
import { forgetSession } from '../session/session';
import { appendLog } from './logText';

const linesAsked = 500;
/** An engine that loads writes faster than anybody reads. */
const drawMs = 200;

export interface EngineLogState {
  /** Null until the first line, or the news that there is none, is there. */
  text: string | null;
  /** Why it is not followed any longer. */
  problem: string | null;
  follow: () => void;
}

/** Follows what a model's newest engine writes, for as long as it is shown. */
export function useEngineLog(model: string): EngineLogState {
  const client = useQueryClient();
  const [text, setText] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const [attempt, setAttempt] = useState(0);

  useEffect(() => {
    const controller = new AbortController();
    let kept = '';
    // The answer's head comes at once, its first line maybe never: a model whose engine never ran has none.
    const timer = setInterval(() => setText(kept), drawMs);
    setProblem(null);
    void read(model, controller.signal, (part) => (kept = appendLog(kept, part)))
      .then(
        () => setProblem('The log ended: the server stopped following it.'),
        (error: unknown) => {
          if (controller.signal.aborted) return;
          if (isUnauthorized(error)) forgetSession(client);
          setProblem(messageOf(error));
        },
      )
      .finally(() => {
        clearInterval(timer);
        if (!controller.signal.aborted) setText(kept);
      });
    return () => {
      controller.abort();
      clearInterval(timer);
    };
  }, [client, model, attempt]);

  const follow = useCallback(() => setAttempt((count) => count + 1), []);
  return { text, problem, follow };
}

async function read(model: string, signal: AbortSignal, take: (part: string) => void): Promise<void> {
  const response = await call(`/api/logs/${encodeURIComponent(model)}?lines=${linesAsked}&follow=true`, { signal });
  if (!response.body) return;
  for await (const part of response.body.pipeThrough(new TextDecoderStream())) take(part);
}
