import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { getJson, isUnauthorized } from '../http/api';
import { newestTransitionsKey, pollMs, useFeedState } from '../live/ModelFeed';
import { formatBytes } from '../models/format';
import { forgetSession } from '../session/session';
import { stateWords } from './fleet';

/** What `GET /api/transitions` says. Names are the wire's own. */
export interface Transition {
  id: number;
  at: string;
  model: string;
  revision: number;
  replica: string;
  gpus: string[];
  /** The state it left; null: it was placed. */
  from: string | null;
  trigger: string;
  /** The state it entered; null: it is gone. */
  to: string | null;
  cause: string;
  reason: string;
  /** How long it was in `from`. */
  took_ms: number;
  eviction: { for_model: string; needed_bytes: number; free_bytes: number; freed_bytes: number } | null;
}

export interface TransitionPage {
  data: Transition[];
  /** The `before` of the next page; null: this is the last one. */
  next: number | null;
  missed: number;
}

const pageSize = 20;

/** Newest first. The newest page is kept live by the feed; older ones do not change. */
export function useTransitions(model: string | null, before: string | null): UseQueryResult<TransitionPage> {
  const client = useQueryClient();
  const feed = useFeedState();
  const query = new URLSearchParams({ limit: String(pageSize), ...(model === null ? {} : { model }), ...(before === null ? {} : { before }) });
  return useQuery({
    queryKey: before === null ? [...newestTransitionsKey, model] : ['transitions', 'older', model, before],
    queryFn: async ({ signal }) => {
      try {
        return await getJson<TransitionPage>(`/api/transitions?${query.toString()}`, signal);
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    refetchInterval: before === null && feed === 'lost' ? pollMs : false,
  });
}

/** "placed → starting", "active → gone" */
export function changeWords({ from, to }: Pick<Transition, 'from' | 'to'>): string {
  return `${from === null ? 'new' : stateWords(from)} → ${to === null ? 'gone' : stateWords(to)}`;
}

/** For whom it left, with the numbers; null where it left for nobody. */
export function evictionWords({ eviction }: Pick<Transition, 'eviction'>): string | null {
  if (eviction === null) return null;
  const { for_model, needed_bytes, free_bytes, freed_bytes } = eviction;
  return `For ${for_model}: ${formatBytes(needed_bytes)} needed, ${formatBytes(free_bytes)} free, ${formatBytes(freed_bytes)} given back`;
}
