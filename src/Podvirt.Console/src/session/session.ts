import { useQuery, useQueryClient, type QueryClient } from '@tanstack/react-query';
import { useCallback } from 'react';
import { ApiError, call, getJson, isUnauthorized } from '../http/api';

export interface Session {
  role: 'admin' | 'member';
  /** Null: whoever holds the admin token. */
  member: { id: string; name: string; email: string } | null;
  /** Those that whoever is signed in may see. */
  projects: SessionProject[];
  sign_in: 'token' | 'password' | 'oidc';
}

export interface SessionProject {
  id: string;
  name: string;
}

export type Credential = { token: string } | { code: string } | { email: string; password: string };

const sessionKey = ['session'] as const;

/** An admin may change what somebody may see at any time: an open page hears of it after this at the latest. */
const lookAgainMs = 60_000;

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
  return useQuery({
    queryKey: sessionKey,
    queryFn: readSession,
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.data == null ? false : lookAgainMs),
  });
}

/** Any call that meets a 401 ends here: the sign-in page then takes the place of the page, at the same address. */
export function forgetSession(client: QueryClient): void {
  client.setQueryData(sessionKey, null);
}

/** Asks anew who is signed in and what they may see. */
export function refreshSession(client: QueryClient): Promise<void> {
  return client.invalidateQueries({ queryKey: sessionKey });
}

/** What a refused call says about the session itself: that it ended, or that a project is no longer among its own. */
export function heedRefusal(client: QueryClient, error: unknown): void {
  if (isUnauthorized(error)) forgetSession(client);
  else if (error instanceof ApiError && (error.code === 'project_not_found' || error.code === 'admin_only')) {
    void refreshSession(client);
  }
}

/** Makes the cookie that a call just brought the page's own. What another user of this tab had seen is forgotten first. */
async function enter(client: QueryClient): Promise<void> {
  // A look at the session that began before would still say that nobody is there.
  await client.cancelQueries({ queryKey: sessionKey });
  forgetOthers(client);
  client.setQueryData(sessionKey, await readSession());
}

function forgetOthers(client: QueryClient): void {
  client.removeQueries({ predicate: (query) => query.queryKey[0] !== sessionKey[0] });
}

export function useSignIn() {
  const client = useQueryClient();
  return useCallback(
    async (credential: Credential) => {
      await call('/api/session', { method: 'POST', body: credential });
      await enter(client);
    },
    [client],
  );
}

/** Uses an invite up: sets the password and signs in. */
export function useAcceptInvite() {
  const client = useQueryClient();
  return useCallback(
    async (code: string, password: string) => {
      await call('/api/session/invites/accept', { method: 'POST', body: { code, password } });
      await enter(client);
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
    // What was loaded belongs to whoever was signed in; the next user of this tab must not find it.
    forgetOthers(client);
    forgetSession(client);
  }, [client]);
}
