import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useReducer, useRef, useState } from 'react';
import { forgetSession } from '../session/session';
import { conversationReducer, newAnswer, newId, type Answer, type Settings, type Turn } from './conversation';
import { FrameBatcher } from './frames';
import { buildRequest } from './request';
import { runCompletion } from './run';
import { emptyConversation, loadChat, saveChat } from './store';

/** One model's conversation in this tab: what was said, what is being said, and how to go on. */
export function useChat(model: string) {
  const client = useQueryClient();
  const [initial] = useState(() => loadChat(model));
  const [conversation, dispatch] = useReducer(conversationReducer, initial.conversation);
  const [settings, setSettings] = useState<Settings>(initial.settings);
  const running = useRef<AbortController | null>(null);
  const last = conversation.turns.at(-1);
  const busy = last?.answer.outcome === 'running';

  const current = useRef({ conversation, settings });
  useEffect(() => {
    current.current = { conversation, settings };
    // While tokens arrive this would write the whole conversation at every frame; leaving the page saves it too.
    if (!busy) saveChat(model, conversation, settings);
  }, [model, conversation, settings, busy]);

  useEffect(() => {
    const save = () => saveChat(model, current.current.conversation, current.current.settings);
    window.addEventListener('pagehide', save);
    return () => {
      window.removeEventListener('pagehide', save);
      save();
      running.current?.abort();
      running.current = null;
    };
  }, [model]);

  const run = useCallback(
    async (id: string, question: string, earlier: Turn[]) => {
      const controller = new AbortController();
      running.current = controller;
      const show = (answer: Answer) => {
        if (running.current === controller) dispatch({ kind: 'answer', id, answer });
      };
      const frames = new FrameBatcher<Answer>(show);
      const answer = await runCompletion({
        request: buildRequest(model, earlier, question, current.current.settings),
        sessionId: current.current.conversation.sessionId,
        signal: controller.signal,
        onProgress: (progress) => frames.push(progress),
        onUnauthorized: () => forgetSession(client),
      });
      frames.clear();
      show(answer);
    },
    [client, model],
  );

  const send = useCallback(
    (question: string) => {
      const earlier = current.current.conversation.turns;
      const turn: Turn = { id: newId(), question, answer: newAnswer(Date.now()) };
      dispatch({ kind: 'ask', turn });
      void run(turn.id, question, earlier);
    },
    [run],
  );

  /** Asks the question of one turn again; the new answer takes the old one's place. */
  const retry = useCallback(
    (id: string) => {
      const { turns } = current.current.conversation;
      const at = turns.findIndex((turn) => turn.id === id);
      const turn = turns[at];
      if (turn === undefined) return;
      dispatch({ kind: 'answer', id, answer: newAnswer(Date.now()) });
      void run(id, turn.question, turns.slice(0, at));
    },
    [run],
  );

  const stop = useCallback(() => running.current?.abort(), []);

  const clear = useCallback(() => {
    const controller = running.current;
    running.current = null;
    controller?.abort();
    dispatch({ kind: 'reset', conversation: emptyConversation() });
  }, []);

  return { conversation, settings, setSettings, busy, send, retry, stop, clear };
}
