import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from '../http/api';
import { bodyOf, type ApiKey, type KeyDraft, type NewSecret } from './apiKey';

/** Last use and spending are written down every half minute. */
const refreshMs = 15_000;

const keysKey = ['keys'] as const;

/** The keys of one project. */
export function useKeys(project: string | null) {
  return useQuery({
    queryKey: [...keysKey, project],
    queryFn: ({ signal }) => getJson<{ data: ApiKey[] }>(`/api/keys?project=${encodeURIComponent(project ?? '')}`, signal),
    select: (list) => list.data,
    enabled: project !== null,
    refetchInterval: refreshMs,
  });
}

/** A change of keys, after which the list is looked at anew. */
function useKeyChange<TInput, TResult>(send: (input: TInput) => Promise<TResult>) {
  const client = useQueryClient();
  return useMutation({ mutationFn: send, onSuccess: () => client.invalidateQueries({ queryKey: keysKey }) });
}

const path = (id: string) => `/api/keys/${encodeURIComponent(id)}`;

export function useCreateKey(project: string) {
  return useKeyChange((draft: KeyDraft) => sendJson<NewSecret>('/api/keys', 'POST', { ...bodyOf(draft), project }));
}

export function useUpdateKey(id: string) {
  return useKeyChange((draft: KeyDraft) => sendJson<ApiKey>(path(id), 'PATCH', bodyOf(draft)));
}

export function useRotateKey(id: string) {
  return useKeyChange((overlap: string) => sendJson<NewSecret>(`${path(id)}/rotate`, 'POST', { overlap }));
}

export function useRevokeKey(id: string) {
  return useKeyChange(() => sendJson<ApiKey>(path(id), 'DELETE'));
}
