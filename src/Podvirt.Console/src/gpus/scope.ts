import { useCallback } from 'react';
import { useSearchParams } from 'react-router';
import { useProject } from '../projects/useProject';
import { useSession } from '../session/session';
import { useChangeParams } from '../shell/useChangeParams';

export type Window = '1h' | '24h';

/** What the figures of the page are about. The address holds it. */
export interface Scope {
  window: Window;
  /** Null: all models. */
  model: string | null;
  allProjects: boolean;
}

export function scopeFrom(params: URLSearchParams): Scope {
  return { window: params.get('window') === '1h' ? '1h' : '24h', model: params.get('model') || null, allProjects: params.get('projects') === 'all' };
}

/** Writes the scope into a copy of the address's parameters and leaves all others alone. */
export function withScope(params: URLSearchParams, { window, model, allProjects }: Scope): URLSearchParams {
  return withParams(params, { window: window === '24h' ? null : window, model, projects: allProjects ? 'all' : null });
}

/** A copy with these set, or removed where they are null. */
export function withParams(params: URLSearchParams, changes: Readonly<Record<string, string | null>>): URLSearchParams {
  const next = new URLSearchParams(params);
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) next.delete(name);
    else next.set(name, value);
  }
  return next;
}

export function windowWords(window: Window): string {
  return window === '1h' ? 'last hour' : 'last 24 hours';
}

export interface ChosenScope extends Scope {
  /** The project that figures are of; null: all that may be seen. */
  project: string | null;
  isAdmin: boolean;
  change: (changes: Partial<Scope>) => void;
}

export function useScope(): ChosenScope {
  const [params] = useSearchParams();
  const changeParams = useChangeParams();
  const { project } = useProject();
  const isAdmin = useSession().data?.role === 'admin';
  const scope = scopeFrom(params);
  const allProjects = scope.allProjects && isAdmin;
  const change = useCallback(
    (changes: Partial<Scope>) => changeParams((current) => withScope(current, { ...scopeFrom(current), ...changes }), { replace: true }),
    [changeParams],
  );
  return { ...scope, allProjects, project: allProjects ? null : (project?.id ?? null), isAdmin, change };
}
