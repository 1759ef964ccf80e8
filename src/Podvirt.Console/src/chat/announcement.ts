import type { Answer } from '../answers/answer';
import { problemTitle, stoppedNote } from '../answers/figures';
import { formatPhase } from '../models/format';
import type { ModelView } from '../models/model';

/** A longer answer is better read in the list, with the reader's own keys. */
const longestSpoken = 600;

/** What a screen reader hears: each warm-up phase once, and an answer once it is finished. Never single tokens. */
export function announcement(name: string, model: ModelView | null, answer: Answer, settled = true): string {
  switch (answer.status) {
    case 'waiting':
    case 'streaming':
      if (answer.text !== '' || (answer.thinking ?? '') !== '') return `${name} is answering`;
      return model?.warm_up == null ? 'Message sent' : `Warming up: ${formatPhase(model.warm_up.phase)}`;
    case 'stopped':
      return settled ? stoppedNote(answer) : 'Stopped';
    case 'failed':
    case 'interrupted':
      return `${problemTitle(answer)} ${answer.error?.message ?? ''}`;
    case 'complete':
      return answer.text.length <= longestSpoken
        ? `${name} says: ${answer.text}`
        : `${name} says: ${answer.text.slice(0, longestSpoken)}… The whole answer is in the message list.`;
  }
}
