import { useQuery, useQueryClient } from '@tanstack/react-query';
import { createContext, useContext, useEffect, useState, type ReactNode } from 'react';
import type { FleetLists } from '../gpus/fleet';
import { getJson, isUnauthorized } from '../http/api';
import type { ModelList } from '../models/model';
import { forgetSession } from '../session/session';
import { followModels } from './feed';
import { usePageVisible } from './usePageVisible';

type FeedState = 'live' | 'lost';

const FeedContext = createContext<FeedState>('live');

const modelsKey = ['models'] as const;
export const fleetKey = ['fleet'] as const;
/** The newest page of transitions, of any model. */
export const newestTransitionsKey = ['transitions', 'newest'] as const;
/** While the feed is down the list is asked for instead, this often. */
export const pollMs = 10_000;

/** Transitions come in bursts; the list is asked for once for all that happen within this time. */
const gatherMs = 500;

/** Keeps the lists of models, gpus and replicas live, and the newest transitions, for everything inside it. */
export function ModelFeed({ children }: { children: ReactNode }) {
  const client = useQueryClient();
  const visible = usePageVisible();
  const [state, setState] = useState<FeedState>('live');

  useEffect(() => {
    // A hidden tab lets go of its feed: over HTTP/1.1 a browser has six connections per host for all tabs together.
    if (!visible) return;
    const controller = new AbortController();
    // A list asked for earlier may arrive later; it must not take the place of this one.
    const replace = (queryKey: readonly string[], lists: unknown) =>
      void client.cancelQueries({ queryKey }).then(() => client.setQueryData(queryKey, lists));
    let gathering: ReturnType<typeof setTimeout> | null = null;
    const askForTransitions = () => {
      gathering ??= setTimeout(() => {
        gathering = null;
        void client.invalidateQueries({ queryKey: newestTransitionsKey });
      }, gatherMs);
    };
    const events = {
      onModels: (models: ModelList) => replace(modelsKey, models),
      onFleet: (fleet: FleetLists) => replace(fleetKey, fleet),
      onTransitions: askForTransitions,
      onConnected: () => {
        setState('live');
        // What happened while nobody listened.
        askForTransitions();
      },
      onLost: () => setState('lost'),
      onUnauthorized: () => forgetSession(client),
    };
    void followModels(events, controller.signal);
    return () => {
      controller.abort();
      if (gathering !== null) clearTimeout(gathering);
    };
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
