import { useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import type { Conversation } from './conversation';
import { conversationKey, useConversations } from './useConversations';

/** Asks for the open conversation again once the list says that it went on elsewhere: in another tab, or on another machine. */
export function useFresh(conversation: Conversation | null, busy: boolean): void {
  const client = useQueryClient();
  const id = conversation?.id ?? null;
  const listed = useConversations('').data?.find((row) => row.id === id)?.updated_at ?? null;
  const known = conversation?.updated_at ?? null;
  useEffect(() => {
    if (busy || listed === null || known === null || listed <= known) return;
    void client.invalidateQueries({ queryKey: conversationKey(id) });
  }, [busy, client, id, known, listed]);
}
