import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { call, getJson, sendJson } from '../http/api';
import { refreshSession } from '../session/session';
import type { Invited, Member, MemberDraft } from './member';

const membersKey = ['members'] as const;

export function useMembers() {
  return useQuery({
    queryKey: membersKey,
    queryFn: ({ signal }) => getJson<{ data: Member[] }>('/api/members', signal),
    select: (list) => list.data,
  });
}

/** A change of members. It may be about whoever makes it, so the session is looked at too. */
function useMemberChange<TInput, TResult>(send: (input: TInput) => Promise<TResult>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: membersKey });
      await refreshSession(client);
    },
  });
}

const path = (id: string) => `/api/members/${encodeURIComponent(id)}`;

export function useInviteMember() {
  return useMemberChange((draft: MemberDraft) => sendJson<Invited>('/api/members', 'POST', draft));
}

export function useUpdateMember(id: string) {
  return useMemberChange((change: Partial<Omit<MemberDraft, 'email'>> & { disabled?: boolean }) =>
    sendJson<Member>(path(id), 'PATCH', change),
  );
}

export function useNewLink(id: string) {
  return useMemberChange(() => sendJson<Invited>(`${path(id)}/invite`, 'POST'));
}

export function useRemoveMember(id: string) {
  return useMemberChange(() => call(path(id), { method: 'DELETE' }));
}
