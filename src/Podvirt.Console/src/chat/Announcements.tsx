import { formatPhase } from '../models/format';
import type { ModelView } from '../models/model';
import type { Turn } from './conversation';
import { stoppedNote } from './figures';

/** A longer answer is better read in the list, with the reader's own keys. */
const longestSpoken = 600;

/** What a screen reader hears: each warm-up phase once, and an answer once it is finished. Never single tokens. */
export function Announcements({ model, turn }: { model: ModelView; turn: Turn | undefined }) {
  return (
    <div className="visually-hidden" role="status">
      {turn === undefined ? '' : announcement(model, turn)}
    </div>
  );
}

function announcement(model: ModelView, { answer }: Turn): string {
  switch (answer.outcome) {
    case 'running':
      if (answer.text !== '' || answer.reasoning !== '') return `${model.name} is answering`;
      return model.warm_up === null ? 'Message sent' : `Warming up: ${formatPhase(model.warm_up.phase)}`;
    case 'stopped':
      return stoppedNote(answer);
    case 'failed':
    case 'interrupted':
      return `${answer.outcome === 'failed' ? 'No answer.' : 'The answer was interrupted.'} ${answer.error ?? ''}`;
    case 'complete':
      return answer.text.length <= longestSpoken
        ? `${model.name} says: ${answer.text}`
        : `${model.name} says: ${answer.text.slice(0, longestSpoken)}… The whole answer is in the message list.`;
  }
}
