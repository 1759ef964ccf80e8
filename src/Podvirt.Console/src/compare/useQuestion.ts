import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';
import type { FramePage } from '../answers/frames';

export const questionKey = (id: string | null) => ['question', id] as const;

/** What an answer was asked, from the request as it was sent; null while that is not known, or not kept any more. */
export function useQuestion(id: string | null): string | null {
  const query = useQuery({
    queryKey: questionKey(id),
    enabled: id !== null,
    queryFn: async ({ signal }) => questionOf((await getJson<FramePage>(`/api/answers/${encodeURIComponent(id ?? '')}/frames`, signal)).request.body),
    staleTime: Infinity,
    retry: false,
  });
  return query.data ?? null;
}

/** The last thing that the user said in a request to `/v1/chat/completions`. */
export function questionOf(body: string): string {
  const { messages = [] } = JSON.parse(body) as { messages?: { role: string; content: unknown }[] };
  const content = messages.findLast(({ role }) => role === 'user')?.content;
  return typeof content === 'string' ? content : '';
}
