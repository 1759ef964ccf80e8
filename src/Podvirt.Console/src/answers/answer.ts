/**
 * How an answer stands.
 *
 * | status      | meaning                                                       |
 * |-------------|---------------------------------------------------------------|
 * | waiting     | asked for; nothing has come (`wait` says what for)            |
 * | streaming   | text or thinking arrives                                      |
 * | complete    | ended by the model, or cut at the token limit (`finish`)      |
 * | stopped     | stopped by whoever asked                                      |
 * | interrupted | some of it came, then the engine or the server broke          |
 * | failed      | nothing came (`error` says why)                               |
 */
export type Status = 'waiting' | 'streaming' | 'complete' | 'stopped' | 'interrupted' | 'failed';

export interface Tokens {
  prompt: number;
  cached: number | null;
  completion: number;
  reasoning: number | null;
}

/** What the ledger wrote down. `cost` is an exact decimal of US dollars. */
export interface Billed extends Tokens {
  cost: string | null;
  rate_version: number | null;
}

/** What the answer waits for, until its first token. */
export interface Wait {
  kind: 'warming-up' | 'queued' | 'prefill';
  phase: string | null;
  eta_ms: number | null;
}

export interface AnswerError {
  message: string;
  code: string | null;
  retry_after_s: number | null;
}

/** An answer as `GET /api/answers/{id}` sends it; the server runs it, whoever looks. Names are the wire's own. */
export interface Answer {
  id: string;
  model: string;
  project: string;
  status: Status;
  text: string;
  /** Null once the frames are gone: thinking is kept no longer than they are. */
  thinking: string | null;
  thinking_tokens: number | null;
  /** False: the engine does not count them, so the figure is an estimate. */
  thinking_tokens_exact: boolean;
  thinking_ms: number | null;
  finish: string | null;
  error: AnswerError | null;
  wait: Wait | null;
  replica: string | null;
  affinity: 'hit' | 'moved' | 'new' | null;
  parked_ms: number | null;
  started_at: string;
  first_token_ms: number | null;
  duration_ms: number | null;
  usage: Tokens | null;
  request_id: string | null;
  billed: Billed | null;
  /** When the exact bytes of request and response go; null where they are gone. */
  frames_until: string | null;
}

/** What `GET /api/answers/{id}/events` sends. Text grows by `delta` alone: the others leave it out. */
export type AnswerEvent =
  | { type: 'snapshot'; answer: Answer }
  | { type: 'delta'; text?: string; thinking?: string }
  | { type: 'state'; answer: Partial<Answer> }
  | { type: 'end'; answer: Partial<Answer> };

export function isRunning(answer: Answer): boolean {
  return answer.status === 'waiting' || answer.status === 'streaming';
}

/** The ledger writes within seconds; what it has not written by now it will not tell the answer's events either. */
const billMs = 60_000;

/** It is over so recently that its bill may still come. */
export function awaitsBill(answer: Answer, now: number): boolean {
  if (isRunning(answer) || answer.billed !== null || answer.request_id === null) return false;
  const age = now - Date.parse(answer.started_at) - (answer.duration_ms ?? 0);
  return age >= 0 && age < billMs;
}

/** The answer after one more event; what does not change stays identical. */
export function fold(answer: Answer, event: AnswerEvent): Answer {
  switch (event.type) {
    case 'snapshot':
      return event.answer;
    case 'delta':
      return {
        ...answer,
        text: answer.text + (event.text ?? ''),
        thinking: event.thinking === undefined ? answer.thinking : (answer.thinking ?? '') + event.thinking,
      };
    case 'state':
    case 'end':
      return { ...answer, ...event.answer };
  }
}
