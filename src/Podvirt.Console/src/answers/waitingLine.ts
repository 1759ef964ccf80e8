import { formatEta, formatSeconds } from '../models/format';
import type { ModelView } from '../models/model';
import { warmUpLine } from '../models/warmUp';
import type { Answer } from './answer';

/** Before this long a plain "sent" says enough. */
const quietMs = 1_500;

/** What the answer waits for, in words: never a spinner alone. */
export function waitingLine(answer: Answer, model: ModelView | null, waitedMs: number): string {
  const { wait } = answer;
  // The model's own state is the same for all who look, and comes more often; the answer's is the next best word.
  if (answer.replica === null && model?.warm_up) return warmUpLine(model.warm_up);
  if (wait?.kind === 'warming-up' && model?.status !== 'Active') {
    return warmUpLine({ phase: wait.phase ?? 'starting', elapsed_ms: waitedMs, eta_ms: wait.eta_ms });
  }
  if (waitedMs < quietMs) return 'Sent';
  const line = (words: string) => [words, formatSeconds(waitedMs), formatEta(wait?.eta_ms ?? null)].filter((part) => part !== null).join(' · ');
  if (model?.status === 'Failed') return line('The model failed and is being retried');
  if (wait?.kind === 'queued' || (answer.replica === null && model !== null && model.waiting > 0)) return line('Waiting for a free place');
  if (wait?.kind === 'prefill') return line('The model reads the conversation');
  return line('Waiting for the first token');
}
