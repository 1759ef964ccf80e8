import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getJson, sendJson } from '../http/api';
import { refreshSession } from '../session/session';

/** What `GET /api/projects` carries, for admins. Names are the wire's own. */
export interface Project {
  id: string;
  name: string;
  /** A plan's id, or `unlimited`. */
  plan: string;
  created_at: string;
  archived_at: string | null;
}

export interface Plan {
  id: string;
}

export const unlimited = 'unlimited';

/** Its keys and chats are what is left where there is no other: it stays. */
export const defaultProject = 'default';

const projectsKey = ['projects'] as const;

export function useProjects() {
  return useQuery({
    queryKey: projectsKey,
    queryFn: ({ signal }) => getJson<{ data: Project[] }>('/api/projects', signal),
    select: (list) => list.data,
  });
}

/** The plans of `podvirt.yaml`. */
export function usePlans() {
  return useQuery({
    queryKey: ['plans'],
    queryFn: ({ signal }) => getJson<{ data: Plan[] }>('/api/plans', signal),
    select: (list) => list.data,
  });
}

/** A change of projects: the switcher hears of it through the session. */
function useProjectChange<TInput>(send: (input: TInput) => Promise<Project>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: send,
    onSuccess: async () => {
      await client.invalidateQueries({ queryKey: projectsKey });
      await client.invalidateQueries({ queryKey: ['project-usage'] });
      await refreshSession(client);
    },
  });
}

const path = (id: string) => `/api/projects/${encodeURIComponent(id)}`;

export interface ProjectDraft {
  name: string;
  plan: string;
}

export function useCreateProject() {
  return useProjectChange((draft: ProjectDraft) => sendJson<Project>('/api/projects', 'POST', draft));
}

export function useUpdateProject(id: string) {
  return useProjectChange((draft: ProjectDraft) => sendJson<Project>(path(id), 'PATCH', draft));
}

export function useArchiveProject(id: string) {
  return useProjectChange((archive: boolean) => sendJson<Project>(`${path(id)}/${archive ? 'archive' : 'restore'}`, 'POST'));
}
