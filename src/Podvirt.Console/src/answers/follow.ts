import { ApiError, call, isUnauthorized } from '../http/api';
import { pause } from '../http/pause';
import { readSse } from '../http/sse';
import { backoffMs } from '../live/backoff';
import { fold, type Answer, type AnswerEvent } from './answer';

export interface Followed {
  /** The answer so far: as often as something arrives. */
  onProgress: (answer: Answer) => void;
  /** The answer is over, and what was billed is known, or known to stay unknown. */
  onEnd: (answer: Answer) => void;
  onConnected: () => void;
  /** The connection broke; the answer goes on without us, and we come back. */
  onLost: () => void;
  /** Nobody is signed in, or the answer is not there (any more). */
  onRefused: (error: unknown) => void;
}

/** A stream that says nothing for this long, not even a keep-alive comment, is taken for dead. */
const silenceMs = 45_000;

/**
 * Follows an answer to its end, over as many connections as it takes: each begins with all that there is so far.
 * Leaving (the signal) does not stop the answer.
 */
export async function followAnswer(start: Answer, followed: Followed, signal: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    try {
      if (await readOnce(start, followed, signal, () => (attempt = 0))) return;
    } catch (error) {
      if (signal.aborted) return;
      if (isFinal(error)) return followed.onRefused(error);
    }
    if (signal.aborted) return;
    followed.onLost();
    attempt += 1;
    await pause(backoffMs(attempt), signal);
  }
}

/** Returns whether the end has come. */
async function readOnce(start: Answer, followed: Followed, signal: AbortSignal, onAlive: () => void): Promise<boolean> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort);
  let silence = setTimeout(abort, silenceMs);
  let answer = start;
  try {
    const response = await call(`/api/answers/${encodeURIComponent(start.id)}/events`, {
      headers: { Accept: 'text/event-stream' },
      signal: connection.signal,
    });
    if (!response.body) return false;
    for await (const item of readSse(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      if (item.kind === 'comment') continue;
      const event = JSON.parse(item.data) as AnswerEvent;
      answer = fold(answer, event);
      onAlive();
      if (event.type === 'snapshot') followed.onConnected();
      if (event.type === 'end') {
        followed.onEnd(answer);
        return true;
      }
      followed.onProgress(answer);
    }
    return false;
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
  }
}

/** A refusal that another try meets too. Too many readers (429) or a server that restarts may pass. */
function isFinal(error: unknown): boolean {
  return isUnauthorized(error) || (error instanceof ApiError && (error.status === 403 || error.status === 404));
}
