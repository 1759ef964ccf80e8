import type { EmptyNotice } from '../charts/Panel';
import { useModels } from '../live/ModelFeed';
import { chatPath } from '../models/address';
import { canChat } from '../models/model';
import { windowWords, type ChosenScope } from './scope';

/** What stands in place of figures where there was no request: with a way to make one. */
export function useNoRequests(scope: ChosenScope): EmptyNotice {
  const models = useModels().data ?? [];
  const chosen = models.find(({ id }) => id === scope.model);
  const asked = (chosen !== undefined && canChat(chosen) ? chosen : undefined) ?? models.find((model) => canChat(model) && model.status !== 'Failed');
  return {
    title: `No requests in the ${windowWords(scope.window)}`,
    text: 'Figures appear here as soon as a model was asked, by an application or in the chat.',
    action: asked === undefined ? { label: 'See the models', to: '/inference/serverless' } : { label: 'Chat with a model', to: chatPath(asked.id) },
  };
}
