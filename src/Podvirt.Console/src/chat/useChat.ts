import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import type { Answer } from '../answers/answer';
import { stopAnswer } from '../answers/stop';
import { ApiError, isUnauthorized, messageOf } from '../http/api';
import { forgetSession } from '../session/session';
import type { Conversation, Message } from './conversation';
import * as requests from './requests';
import { newestLeaf, runningMessage, withMessages } from './tree';
import { conversationKey, useConversation, useConversationChanges } from './useConversations';
import { useSettings } from './useSettings';

/** A question on its way to the server. */
export interface Pending {
  /** The conversation it was asked in; null: a new chat. */
  conversation: string | null;
  /** The message it goes under; null at the top. */
  parent: string | null;
  /** Null: another answer to the question that `parent` is. */
  content: string | null;
  /** The message of its answer, once the server has taken it. */
  answer: string | null;
}

/** What a turn can ask for. The object never changes, so turns need not be drawn again for it. */
export interface TurnActions {
  regenerate: (question: Message) => void;
  edit: (question: Message, content: string) => void;
  choose: (message: Message) => void;
  ended: (message: Message, answer: Answer) => void;
}

interface ChatOptions {
  model: string;
  project: string | null;
  /** Null: a new chat, which becomes a conversation with its first question. */
  id: string | null;
  onCreated: (id: string) => void;
}

/** One conversation: what was said, what is being said, and how to go on. */
export function useChat({ model, project, id, onCreated }: ChatOptions) {
  const client = useQueryClient();
  const query = useConversation(id);
  const { relist } = useConversationChanges();
  const gone = query.error instanceof ApiError && query.error.status === 404;
  const conversation = gone ? null : (query.data ?? null);
  const running = useMemo(() => (conversation === null ? null : runningMessage(conversation.messages)), [conversation]);
  const [pending, setPending] = useState<Pending | null>(null);
  const [stopping, setStopping] = useState<string | null>(null);
  const [problem, setProblem] = useState<string | null>(null);
  const settings = useSettings(conversation, setProblem);
  // Until the conversation holds what was sent, so that it does not vanish for a moment in between.
  if (pending !== null && conversation?.messages.some((message) => message.id === pending.answer) === true) setPending(null);
  const sent = pending !== null && pending.conversation === id ? pending : null;
  const busy = running !== null || sent !== null;

  const current = useRef({ id, conversation, running, busy, project, settings, onCreated, relist });
  useEffect(() => {
    current.current = { id, conversation, running, busy, project, settings, onCreated, relist };
  });

  const sending = useRef(false);

  const update = useCallback(
    (conversationId: string, change: (old: Conversation) => Conversation) =>
      client.setQueryData<Conversation>(conversationKey(conversationId), (old) => (old === undefined ? old : change(old))),
    [client],
  );

  const failed = useCallback(
    (error: unknown) => {
      if (isUnauthorized(error)) forgetSession(client);
      setProblem(messageOf(error));
      // Another tab asked first: show what it asked.
      const open = current.current.conversation?.id ?? null;
      if (error instanceof ApiError && error.status === 409) void client.invalidateQueries({ queryKey: conversationKey(open) });
    },
    [client],
  );

  /** Returns whether the question was taken. */
  const put = useCallback(
    async (parent: string | null, content?: string): Promise<boolean> => {
      const { busy, project, settings } = current.current;
      if (busy || sending.current) return false;
      sending.current = true;
      setProblem(null);
      const question = { conversation: current.current.id, parent, content: content ?? null };
      setPending({ ...question, answer: null });
      try {
        let open = current.current.conversation;
        if (open === null) {
          if (project === null) throw new Error('There is no project to bill this chat to.');
          open = await requests.createConversation(model, project, settings.value);
          const created = { ...open, messages: [] };
          client.setQueryData<Conversation>(conversationKey(created.id), created);
        } else {
          await settings.save();
        }
        const { message, answer } = await requests.ask(open.id, parent, content);
        setPending({ ...question, answer: answer.id });
        const added = message === null ? [answer] : [message, answer];
        update(open.id, (old) => withMessages(old, added, answer.id));
        if (current.current.conversation === null) current.current.onCreated(open.id);
        void current.current.relist();
        return true;
      } catch (error) {
        setPending(null);
        failed(error);
        return false;
      } finally {
        sending.current = false;
      }
    },
    [client, failed, model, update],
  );

  const actions = useMemo<TurnActions>(
    () => ({
      regenerate: (question) => void put(question.id),
      edit: (question, content) => void put(question.parent, content),
      choose: (message) => {
        const open = current.current.conversation;
        if (open === null) return;
        const leaf = newestLeaf(open.messages, message.id);
        update(open.id, (old) => ({ ...old, leaf }));
        requests.changeConversation(open.id, { leaf }).catch(failed);
      },
      ended: (message, answer) => {
        const open = current.current.conversation;
        if (open === null) return;
        update(open.id, (old) => withMessages(old, [{ ...message, content: answer.text, answer }]));
        void current.current.relist();
      },
    }),
    [failed, put, update],
  );

  const send = useCallback((content: string) => put(current.current.conversation?.leaf ?? null, content), [put]);

  const stop = useCallback(() => {
    const answer = current.current.running?.answer;
    if (answer == null) return;
    setStopping(answer.id);
    stopAnswer(answer.id).catch((error: unknown) => {
      setStopping(null);
      failed(error);
    });
  }, [failed]);

  return {
    query,
    conversation,
    running,
    sent,
    busy,
    stopping: stopping !== null && stopping === running?.answer?.id,
    problem,
    dismiss: () => setProblem(null),
    settings,
    actions,
    send,
    stop,
  };
}
