import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';

/** How a model answered in the last 24 hours; null where nothing was measured. */
export interface ModelSpeed {
  /** Half of the streams had their first token within this many microseconds. */
  firstTokenUs: number | null;
  tokensPerSecond: number | null;
}

interface Summary {
  data: { model: string; figures: { tokens_per_second: number | null; first_token_us: { p50: number | null } } }[];
}

const refreshMs = 30_000;

/** The speed of every model that was called, by id: of one project's calls, or of everybody's where `project` is null. */
export function useModelSpeeds(project: string | null, enabled: boolean) {
  return useQuery({
    queryKey: ['model-speeds', project],
    queryFn: async ({ signal }) => {
      const of = project === null ? '' : `&project=${encodeURIComponent(project)}`;
      return await getJson<Summary>(`/api/usage/summary?window=24h&group=model${of}`, signal);
    },
    select: speedsOf,
    enabled,
    refetchInterval: refreshMs,
  });
}

export function speedsOf(summary: Summary): Map<string, ModelSpeed> {
  return new Map(
    summary.data.map(({ model, figures }) => [
      model,
      { firstTokenUs: figures.first_token_us.p50, tokensPerSecond: figures.tokens_per_second },
    ]),
  );
}
