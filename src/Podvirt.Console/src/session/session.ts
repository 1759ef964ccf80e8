import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { ApiError, call, getJson, isUnauthorized } from '../http/api';

export interface Session {
  role: 'admin' | 'member';
  /** Those that whoever is signed in may see. */
  projects: SessionProject[];
}

export interface SessionProject {
  id: string;
  name: string;
}

export type Credential = { token: string } | { code: string };

const sessionKey = ['session'] as const;

/** Resolves to null where nobody is signed in; every other failure stays an error. */
async function readSession(): Promise<Session | null> {
  try {
    return await getJson<Session>('/api/session');
  } catch (error) {
    if (isUnauthorized(error)) return null;
    throw error;
  }
}

export function useSession() {
  return useQuery({ queryKey: sessionKey, queryFn: readSession, staleTime: Infinity });
}

/** Any call that meets a 401 ends here: the sign-in page then takes the place of the page, at the same address. */
export function forgetSession(client: QueryClient): void {
  client.setQueryData(sessionKey, null);
}

/** What a refused call says about the session itself: that it ended, or that a project is no longer among its own. */
export function heedRefusal(client: QueryClient, error: unknown): void {
  if (isUnauthorized(error)) forgetSession(client);
  else if (error instanceof ApiError && (error.code === 'project_not_found' || error.code === 'admin_only')) {
    void client.invalidateQueries({ queryKey: sessionKey });
  }
}

export function useSignIn() {
  const client = useQueryClient();
  return useCallback(
    async (credential: Credential) => {
      await call('/api/session', { method: 'POST', body: credential });
      // A look at the session that began before the sign-in would still say that nobody is there.
      await client.cancelQueries({ queryKey: sessionKey });
      client.setQueryData(sessionKey, await readSession());
    },
    [client],
  );
}

export function useSignOut() {
  const client = useQueryClient();
  return useCallback(async () => {
    try {
      await call('/api/session', { method: 'DELETE' });
    } catch (error) {
      if (!isUnauthorized(error)) throw error;
    }
    // Conversations belong to whoever was signed in; the next user of this tab must not find them.
    window.sessionStorage.clear();
    client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
    forgetSession(client);
  }, [client]);
}

export function signInProblem(error: unknown, credential: Credential): string {
  if (!(error instanceof ApiError)) return 'Signing in failed.';
  if (error.status === 401) {
    return 'code' in credential
      ? 'This sign-in link was used before or has expired. Use the admin token instead.'
      : 'That is not the admin token of this server.';
  }
  if (error.status === 429) {
    const wait = error.retryAfterSeconds === null ? 'a minute' : `${error.retryAfterSeconds} s`;
    return `Too many attempts. Try again in ${wait}.`;
  }
  return error.message;
}
