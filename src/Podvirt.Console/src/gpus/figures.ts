import { useQuery, useQueryClient, type UseQueryResult } from '@tanstack/react-query';
import { hourMs, minuteMs } from '../charts/time';
import { getJson, isUnauthorized } from '../http/api';
import { forgetSession } from '../session/session';
import type { ChosenScope, Window } from './scope';

/** What `/api/usage/summary`, `…/series` and `…/swaps` say of some requests. Names are the wire's own; `_us` are microseconds. */
export interface Figures {
  requests: number;
  completed: number;
  cancelled: number;
  truncated: number;
  failed: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  tokens_per_second: number | null;
  latency_us: Durations;
  first_token_us: Durations;
  cold_starts: Waits;
  parked: Waits;
  /** US dollars, an exact decimal. */
  cost: string;
}

export interface Durations {
  count: number;
  average: number | null;
  p95: number | null;
}

export interface Waits {
  count: number;
  waited_us: number;
  /** Of all requests, 0 to 1. */
  share: number | null;
}

export interface Summary {
  total: Figures;
  data: { model: string; figures: Figures }[];
}

export interface SeriesAnswer {
  data: { model: string | null; points: Point[] }[];
}

export interface Point {
  at: string;
  figures: Figures;
}

export interface Swap {
  model: string;
  at: string;
  from_revision: number;
  to_revision: number;
  before: Figures;
  after: Figures;
}

export interface GpuTimeRow {
  hour: string;
  model: string;
  active_us: number;
  warming_us: number;
  sleeping_us: number;
}

/** How long each window is, the steps of its series, and how often its figures are asked for again. */
export const windows: Record<Window, { lengthMs: number; stepMs: number; step: 'minute' | 'hour'; refetchMs: number }> = {
  '1h': { lengthMs: hourMs, stepMs: minuteMs, step: 'minute', refetchMs: 10_000 },
  '24h': { lengthMs: 24 * hourMs, stepMs: hourMs, step: 'hour', refetchMs: 30_000 },
};

/** The beginning of the series of a window: the whole step that holds its beginning. */
export function seriesFrom(window: Window, now: number): number {
  const { lengthMs, stepMs } = windows[window];
  return Math.floor((now - lengthMs) / stepMs) * stepMs;
}

export const useSummary = (scope: ChosenScope) => useFigures<Summary>('summary', scope, { window: scope.window, group: 'model' });

export const useSeries = (scope: ChosenScope, group: 'none' | 'model') => useFigures<SeriesAnswer>('series', scope, { step: windows[scope.window].step, group });

export const useSwaps = (scope: ChosenScope) => useFigures<{ data: Swap[] }>('swaps', scope, { step: windows[scope.window].step });

export const useGpuTime = (scope: ChosenScope) => useFigures<{ data: GpuTimeRow[] }>('gpu-time', scope, { group: 'hour' });

/** Asked for again while the page is looked at; the time asked for moves with the clock. */
function useFigures<T>(what: string, { window, model, project }: ChosenScope, more: Record<string, string>): UseQueryResult<T> {
  const client = useQueryClient();
  const query: Record<string, string> = { ...more };
  if (model !== null) query['model'] = model;
  if (project !== null && what !== 'gpu-time') query['project'] = project;
  return useQuery({
    queryKey: ['gpu-dashboard', what, window, query],
    queryFn: async ({ signal }) => {
      const from = what === 'summary' ? {} : { from: new Date(seriesFrom(window, Date.now())).toISOString() };
      try {
        return await getJson<T>(`/api/usage/${what}?${new URLSearchParams({ ...query, ...from }).toString()}`, signal);
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    refetchInterval: windows[window].refetchMs,
    refetchOnWindowFocus: true,
  });
}
