import { ApiError, call, messageOf } from '../http/api';
import { isAbort, readCompletion, type CompletionPart } from './completion';
import { newAnswer, type Answer } from './conversation';
import type { CompletionRequest } from './request';
import { ThinkSplitter } from './think';

export interface RunOptions {
  request: CompletionRequest;
  sessionId: string;
  signal: AbortSignal;
  /** Called with the answer so far, as often as something arrives; the caller decides how often to draw. */
  onProgress: (answer: Answer) => void;
  onUnauthorized: () => void;
}

/** Asks for one answer and follows it to its end. Never throws: whatever happens is the answer's outcome. */
export async function runCompletion(options: RunOptions): Promise<Answer> {
  const { request, sessionId, signal, onProgress, onUnauthorized } = options;
  const started = performance.now();
  const splitter = new ThinkSplitter();
  let answer = newAnswer(Date.now());

  const elapsed = () => performance.now() - started;
  const update = (change: Partial<Answer>) => {
    answer = { ...answer, ...change, text: splitter.answer, reasoning: splitter.reasoning };
  };

  try {
    const response = await call('/api/playground/chat/completions', {
      method: 'POST',
      body: request,
      headers: { Accept: 'text/event-stream', 'X-Podvirt-Session-Id': sessionId },
      signal,
    });
    if (response.body === null) throw new ApiError('The server sent an empty answer.', response.status);
    update({ replica: response.headers.get('x-podvirt-replica') });
    for await (const part of readCompletion(response.body)) {
      update(take(part, splitter, answer, elapsed));
      onProgress(answer);
    }
    splitter.end();
    update({ outcome: 'complete', durationMs: elapsed() });
  } catch (error) {
    splitter.end();
    if (signal.aborted || isAbort(error)) {
      update({ outcome: 'stopped', durationMs: elapsed() });
    } else {
      if (error instanceof ApiError && error.status === 401) onUnauthorized();
      const began = answer.firstTokenMs !== null;
      update({ outcome: began ? 'interrupted' : 'failed', error: explain(error), durationMs: elapsed() });
    }
  }
  return answer;
}

function take(part: CompletionPart, splitter: ThinkSplitter, answer: Answer, elapsed: () => number): Partial<Answer> {
  switch (part.kind) {
    case 'warming':
      return { warming: { phase: part.phase, etaMs: part.etaMs } };
    case 'routed':
      return { replica: part.replica, parkedMs: part.parkedMs };
    case 'text':
      splitter.push(part.text);
      return { firstTokenMs: answer.firstTokenMs ?? elapsed() };
    case 'reasoning':
      splitter.pushReasoning(part.text);
      return { firstTokenMs: answer.firstTokenMs ?? elapsed() };
    case 'usage':
      return { usage: part.usage };
    case 'finish':
      return { finish: part.reason };
  }
}

function explain(error: unknown): string {
  const message = messageOf(error);
  if (!(error instanceof ApiError) || error.retryAfterSeconds === null) return message;
  return `${message} The server asks to wait ${error.retryAfterSeconds} s.`;
}
