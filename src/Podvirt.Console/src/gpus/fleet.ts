import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { getJson, isUnauthorized } from '../http/api';
import { fleetKey, pollMs, useFeedState } from '../live/ModelFeed';
import { forgetSession } from '../session/session';

/** What `GET /api/gpus`, `GET /api/replicas` and the `fleet` event carry. Names are the wire's own; memory is in bytes. */
export interface Gpu {
  id: string;
  index: number;
  node: string;
  type: string;
  simulated: boolean;
  /** available, draining or drained */
  status: string;
  memory_bytes: number;
  /** By replicas that serve, or are on their way up or down. */
  reserved_bytes: number;
  /** What sleepers keep. */
  sleeping_bytes: number;
  free_bytes: number;
  /** The replica that changes its memory now. */
  transition: string | null;
  replicas: Holding[];
}

export interface Holding {
  id: string;
  model: string;
  state: string;
  memory_bytes: number;
}

export interface Replica {
  id: string;
  model: string;
  revision: number;
  state: string;
  gpus: string[];
  /** On each of its gpus. */
  memory_bytes: number;
  sleep_level: number | null;
  in_flight: number;
  host_memory_bytes: number;
}

export interface FleetLists {
  gpus: Gpu[];
  replicas: Replica[];
}

/** Gpus and replicas, kept live by the feed. */
export function useFleet(): UseQueryResult<FleetLists> {
  const client = useQueryClient();
  const feed = useFeedState();
  return useQuery({
    queryKey: fleetKey,
    queryFn: async ({ signal }) => {
      try {
        const [gpus, replicas] = await Promise.all([
          getJson<{ data: Gpu[] }>('/api/gpus', signal),
          getJson<{ data: Replica[] }>('/api/replicas', signal),
        ]);
        return { gpus: gpus.data, replicas: replicas.data };
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    staleTime: Infinity,
    refetchInterval: feed === 'lost' ? pollMs : false,
  });
}

/** falling_asleep → "falling asleep" */
export function stateWords(state: string): string {
  return state.replaceAll('_', ' ');
}
