import { useQueries, useQueryClient } from '@tanstack/react-query';
import { useCallback, useMemo, useState } from 'react';
import { useLocation, useNavigate } from 'react-router';
import { isRunning, type Answer } from '../answers/answer';
import { stopAnswer } from '../answers/stop';
import type { Settings } from '../chat/conversation';
import { getJson, isUnauthorized, messageOf, sendJson } from '../http/api';
import { forgetSession } from '../session/session';
import { comparePath, contestantsIn, mostModels, type Contestant } from './address';
import { questionKey } from './useQuestion';

const answerKey = (id: string | null) => ['answer', id] as const;

/** One model of the comparison and what there is of its answer. */
export interface Entry extends Contestant {
  given: Answer | null;
  /** Why there is no answer to show; null where there is, or nothing was asked. */
  problem: string | null;
  again: () => void;
}

/** One question to several models. The address holds the models and their answers, so that a refresh goes on with them. */
export function useComparison(project: string | null, settings: Settings) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const { search } = useLocation();
  const contestants = useMemo(() => contestantsIn(search), [search]);
  const [asking, setAsking] = useState(false);
  const [refusals, setRefusals] = useState<Record<string, string>>({});
  const [stopping, setStopping] = useState<Record<string, true>>({});

  const answers = useQueries({
    queries: contestants.map(({ answer }) => ({
      queryKey: answerKey(answer),
      enabled: answer !== null,
      queryFn: ({ signal }: { signal: AbortSignal }) => getJson<Answer>(`/api/answers/${encodeURIComponent(answer ?? '')}`, signal),
      staleTime: Infinity,
    })),
  });

  const entries = contestants.map((contestant, index): Entry => {
    const query = answers[index];
    const lost = query?.isError === true ? messageOf(query.error) : null;
    return {
      ...contestant,
      given: query?.data ?? null,
      problem: refusals[contestant.model] ?? lost,
      again: () => void query?.refetch(),
    };
  });
  const running = entries.flatMap(({ given }) => (given !== null && isRunning(given) ? [given.id] : []));

  const choose = useCallback(
    (change: (models: string[]) => string[]) => {
      setRefusals({});
      // From the address itself: two choices may come before the first one is drawn.
      const models = change(contestantsIn(window.location.search).map(({ model }) => model));
      void navigate(comparePath(models.slice(0, mostModels).map((model) => ({ model, answer: null }))), { replace: true });
    },
    [navigate],
  );

  const ask = async (question: string): Promise<boolean> => {
    if (project === null || asking) return false;
    setAsking(true);
    setRefusals({});
    const refused: Record<string, string> = {};
    const asked = await Promise.all(
      contestants.map(async ({ model }): Promise<Contestant> => {
        try {
          const body = { model, project, messages: [{ role: 'user', content: question }], settings };
          const answer = await sendJson<Answer>('/api/answers', 'POST', body);
          client.setQueryData(answerKey(answer.id), answer);
          client.setQueryData(questionKey(answer.id), question);
          return { model, answer: answer.id };
        } catch (error) {
          if (isUnauthorized(error)) forgetSession(client);
          refused[model] = messageOf(error);
          return { model, answer: null };
        }
      }),
    );
    setAsking(false);
    setRefusals(refused);
    const taken = asked.some(({ answer }) => answer !== null);
    if (taken) void navigate(comparePath(asked));
    return taken;
  };

  const stop = useCallback((ids: string[]) => {
    for (const id of ids) {
      setStopping((old) => ({ ...old, [id]: true }));
      stopAnswer(id).catch(() =>
        // The answer's own events say whether it runs on; the button is there again.
        setStopping((old) => Object.fromEntries(Object.entries(old).filter(([other]) => other !== id))),
      );
    }
  }, []);

  const ended = useCallback((answer: Answer) => client.setQueryData(answerKey(answer.id), answer), [client]);

  return { entries, running, busy: asking || running.length > 0, choose, ask, stop, stopping, ended };
}
