import { useMemo, useState, type ReactNode } from 'react';
import { useSession } from '../session/session';
import { ChoiceContext } from './useProject';

const key = 'podvirt.project';

function remembered(): string | null {
  try {
    return window.localStorage.getItem(key);
  } catch {
    // Storage that is switched off is the same as none.
    return null;
  }
}

/** Which project the console works for: the one chosen last in this browser, else the first. */
export function ProjectChoice({ children }: { children: ReactNode }) {
  const session = useSession();
  const [chosen, setChosen] = useState(remembered);
  const projects = session.data?.projects;
  const choice = useMemo(() => {
    const all = projects ?? [];
    return {
      projects: all,
      project: all.find((candidate) => candidate.id === chosen) ?? all[0] ?? null,
      choose: (id: string) => {
        setChosen(id);
        try {
          window.localStorage.setItem(key, id);
        } catch {
          // The choice then lasts as long as the page.
        }
      },
    };
  }, [projects, chosen]);
  return <ChoiceContext value={choice}>{children}</ChoiceContext>;
}
