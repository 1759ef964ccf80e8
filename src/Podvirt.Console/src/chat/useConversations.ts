import { keepPreviousData, useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { isUnauthorized } from '../http/api';
import { forgetSession } from '../session/session';
import type { Conversation } from './conversation';
import * as requests from './requests';

const listKey = ['conversations'] as const;
const retentionKey = ['conversation-retention'] as const;
export const conversationKey = (id: string | null) => ['conversation', id] as const;

/** While an answer runs somewhere the list is asked for this often, else now and then: another tab may have changed it. */
const runningMs = 3_000;
const idleMs = 20_000;

export function useConversations(search: string) {
  const client = useQueryClient();
  return useInfiniteQuery({
    queryKey: [...listKey, search],
    queryFn: async ({ pageParam, signal }) => {
      try {
        return await requests.listConversations(search, pageParam, signal);
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    initialPageParam: null as string | null,
    getNextPageParam: (page) => page.next,
    placeholderData: keepPreviousData,
    select: (list) => list.pages.flatMap((page) => page.data),
    refetchInterval: (query) => (query.state.data?.pages.some((page) => page.data.some((row) => row.running)) ? runningMs : idleMs),
    refetchOnWindowFocus: true,
  });
}

export function useConversation(id: string | null) {
  const client = useQueryClient();
  return useQuery({
    queryKey: conversationKey(id),
    enabled: id !== null,
    queryFn: async ({ signal }) => {
      try {
        return await requests.readConversation(id ?? '', signal);
      } catch (error) {
        if (isUnauthorized(error)) forgetSession(client);
        throw error;
      }
    },
    staleTime: Infinity,
  });
}

/** Changes to conversations, each followed by what it changes on the page. */
export function useConversationChanges() {
  const client = useQueryClient();
  const relist = () => client.invalidateQueries({ queryKey: listKey });
  const rename = useMutation({
    mutationFn: ({ id, title }: { id: string; title: string }) => requests.changeConversation(id, { title }),
    onSuccess: (_, { id, title }) => {
      client.setQueryData<Conversation>(conversationKey(id), (old) => (old === undefined ? old : { ...old, title }));
      return relist();
    },
  });
  // Not waited for: the row that asked for it leaves with the new list, and with the row what it does afterwards.
  const forget = (queryKey: readonly unknown[]) => {
    void relist();
    // The page that shows it leaves next: only who comes back asks again, and finds it gone.
    void client.invalidateQueries({ queryKey, refetchType: 'none' });
  };
  const remove = useMutation({ mutationFn: requests.deleteConversation, onSuccess: (_, id) => forget(conversationKey(id)) });
  const removeAll = useMutation({ mutationFn: requests.deleteAllConversations, onSuccess: () => forget(['conversation']) });
  return { rename, remove, removeAll, relist };
}

export function useRetention() {
  const client = useQueryClient();
  const query = useQuery({ queryKey: retentionKey, queryFn: ({ signal }) => requests.readRetention(signal), staleTime: 60_000 });
  const change = useMutation({
    mutationFn: requests.changeRetention,
    onSuccess: (_, retention) => client.setQueryData(retentionKey, retention),
  });
  return { query, change };
}
