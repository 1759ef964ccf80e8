import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';

/** What `GET /api/projects/{id}/usage` answers: the running month, by model. Names are the wire's own. */
export interface ProjectUsage {
  project: string;
  plan: string;
  /** The month's first moment and the next one's, UTC. */
  from: string;
  to: string;
  /** US dollars, an exact decimal. */
  cost: string;
  models: ModelUsage[];
}

export interface ModelUsage {
  model: string;
  used: number;
  /** Tokens of the month; null: none. */
  limit: number | null;
  video_used: number;
  /** Seconds of the month; null: none. */
  video_limit: number | null;
  cost: string;
}

/** The ledger counts a request when it ends; nobody needs the figure sooner than this. */
const refreshMs = 10_000;

/** What the project used of its plan this month. Nothing is asked while no project is chosen. */
export function useProjectUsage(project: string | null) {
  return useQuery({
    queryKey: ['project-usage', project],
    queryFn: ({ signal }) => getJson<ProjectUsage>(`/api/projects/${encodeURIComponent(project ?? '')}/usage`, signal),
    enabled: project !== null,
    refetchInterval: refreshMs,
  });
}
