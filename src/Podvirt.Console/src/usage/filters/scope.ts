import { useEffect, useRef } from 'react';
import { useSearchParams } from 'react-router';
import { useProject } from '../../projects/useProject';
import { useSession, type SessionProject } from '../../session/session';
import { useChangeParams } from '../../shell/useChangeParams';

/** Stands for all projects in the address; no project can be called that. */
export const allProjects = '*';

export interface Scope {
  isAdmin: boolean;
  projects: SessionProject[];
  /** The project that is looked at; null: all of them. */
  project: string | null;
  /** There is a project to look at. */
  hasAny: boolean;
}

/** Whose usage is shown: the project of the address, or the one that the console works for. */
export function useScope(): Scope {
  const [params] = useSearchParams();
  const { projects, project } = useProject();
  const isAdmin = useSession().data?.role === 'admin';
  const asked = params.get('project');
  if (isAdmin && asked === allProjects) return { isAdmin, projects, project: null, hasAny: true };
  const id = (asked === allProjects ? null : asked) ?? project?.id ?? null;
  return { isAdmin, projects, project: id, hasAny: id !== null };
}

/** Choosing another project for the console ends what the address asks for. */
export function useScopeOfConsole(): void {
  const changeParams = useChangeParams();
  const chosen = useProject().project?.id ?? null;
  const before = useRef(chosen);
  useEffect(() => {
    if (before.current === chosen) return;
    before.current = chosen;
    changeParams(
      (params) => {
        const next = new URLSearchParams(params);
        for (const name of ['project', 'key', 'after']) next.delete(name);
        return next;
      },
      { replace: true },
    );
  }, [chosen, changeParams]);
}

/** The scope's part of an address, for links that stay in it. */
export function scopeParams(params: URLSearchParams): URLSearchParams {
  const project = params.get('project');
  return new URLSearchParams(project === null ? {} : { project });
}
