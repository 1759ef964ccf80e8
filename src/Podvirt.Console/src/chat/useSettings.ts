import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useRef, useState } from 'react';
import { messageOf } from '../http/api';
import { defaultSettings, type Conversation, type Settings } from './conversation';
import { changeConversation } from './requests';
import { conversationKey } from './useConversations';

/** Not at every key. */
const restMs = 600;

export interface EditedSettings {
  value: Settings;
  change: (settings: Settings) => void;
  /** Saves at once what was changed and not saved so far. */
  save: () => Promise<void>;
}

/** The conversation's settings as they are being edited; those of a new chat are kept until it becomes a conversation. */
export function useSettings(conversation: Conversation | null, onProblem: (problem: string) => void): EditedSettings {
  const client = useQueryClient();
  const id = conversation?.id ?? null;
  const [edited, setEdited] = useState<{ id: string | null; settings: Settings } | null>(null);
  const unsaved = useRef<{ id: string; settings: Settings } | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);

  const save = useCallback(async () => {
    clearTimeout(timer.current);
    const now = unsaved.current;
    if (now === null) return;
    unsaved.current = null;
    await changeConversation(now.id, { settings: now.settings });
    client.setQueryData<Conversation>(conversationKey(now.id), (old) => (old === undefined ? old : { ...old, settings: now.settings }));
  }, [client]);

  const trySave = useCallback(() => {
    save().catch((error: unknown) => onProblem(`The settings were not saved. ${messageOf(error)}`));
  }, [save, onProblem]);

  // Leaving the conversation saves what is left.
  useEffect(() => () => trySave(), [id, trySave]);

  const change = useCallback(
    (settings: Settings) => {
      setEdited({ id, settings });
      if (id === null) return;
      unsaved.current = { id, settings };
      clearTimeout(timer.current);
      timer.current = setTimeout(trySave, restMs);
    },
    [id, trySave],
  );

  const value = edited?.id === id ? edited.settings : (conversation?.settings ?? defaultSettings);
  return { value, change, save };
}
