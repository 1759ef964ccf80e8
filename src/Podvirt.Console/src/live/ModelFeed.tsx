import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import { getJson, isUnauthorized } from '../http/api';
import type { ModelList } from '../models/model';
import { forgetSession } from '../session/session';
import { followModels } from './feed';
import { usePageVisible } from './usePageVisible';

type FeedState = 'live' | 'lost';

const FeedContext = createContext<FeedState>('live');

const modelsKey = ['models'] as const;
/** While the feed is down the list is asked for instead, this often. */
const pollMs = 10_000;

/** Keeps the model list live for everything inside it. */
export function ModelFeed({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const visible = usePageVisible();
  const [state, setState] = useState<FeedState>('live');

  useEffect(() => {
    // A hidden tab lets go of its feed: over HTTP/1.1 a browser has six connections per host for all tabs together.
    if (!visible) return;
    const controller = new AbortController();
    const events = {
      onModels: (models: ModelList) =>
        // A list asked for earlier may arrive later; it must not take the place of this one.
        void client.cancelQueries({ queryKey: modelsKey }).then(() => client.setQueryData(modelsKey, models)),
      onConnected: () => setState('live'),
      onLost: () => setState('lost'),
      onUnauthorized: () => forgetSession(client),
    };
    void followModels(events, controller.signal);
    return () => controller.abort();
  }, [client, visible]);

  return <FeedContext value={state}>{children}</FeedContext>;
}

export function useFeedState(): FeedState {
  return useContext(FeedContext);
}

export function useModels() {
  const client = useQueryClient();
  const feed = useFeedState();
  return useQuery({
    queryKey: modelsKey,
    queryFn: async ({ signal }) => {
      try {
        return await getJson<ModelList>('/api/models', signal);
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    select: (list: ModelList) => list.data,
    staleTime: Infinity,
    refetchInterval: feed === 'lost' ? pollMs : false,
  });
}
