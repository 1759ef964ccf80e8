import { call } from '../http/api';

/** Ends the engine's work on an answer. The answer's own events tell the end. */
export async function stopAnswer(id: string): Promise<void> {
  await call(`/api/answers/${encodeURIComponent(id)}/stop`, { method: 'POST' });
}
