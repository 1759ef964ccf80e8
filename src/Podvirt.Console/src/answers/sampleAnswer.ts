import type { Answer } from './answer';

/** An answer that was just asked for; tests set what they are about. */
export function sampleAnswer(change: Partial<Answer> = {}): Answer {
  return {
    id: 'a1', model: 'qwen3-8b', project: 'default', status: 'waiting', text: '', thinking: null, thinking_tokens: null,
    thinking_tokens_exact: false, thinking_ms: null, finish: null, error: null, wait: null, replica: null, affinity: null,
    parked_ms: null, started_at: '2026-11-26T12:00:00Z', first_token_ms: null, duration_ms: null, usage: null,
    request_id: null, billed: null, frames_until: null,
    ...change,
  };
}
