import { useAsk } from '../ask';
import type { List, RequestDetail } from '../wire';

export interface ConversationHead {
  id: string;
  title: string;
  model: string;
}

/** The conversation that a request of the console's chat gave an answer of. None where it is another's, gone, or there was none. */
export function useConversation({ id, key }: RequestDetail): ConversationHead | undefined {
  const found = useAsk<List<ConversationHead>>(['conversation', id], () => `/api/conversations?request=${encodeURIComponent(id)}`, key === '');
  return found.data?.data[0];
}
