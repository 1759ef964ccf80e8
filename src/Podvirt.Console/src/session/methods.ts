import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';

/** How one can sign in to this server. */
export interface SignInMethods {
  token: boolean;
  password: boolean;
  /** Null: there is no provider. */
  oidc: { name: string; url: string } | null;
}

export function useSignInMethods() {
  return useQuery({
    queryKey: ['session', 'methods'],
    queryFn: ({ signal }) => getJson<SignInMethods>('/api/session/methods', signal),
    staleTime: Infinity,
  });
}

const key = 'podvirt.sign-in';

/** How somebody signed in here last: people rarely change that. */
export function rememberedWay(): 'token' | 'password' {
  try {
    return window.localStorage.getItem(key) === 'password' ? 'password' : 'token';
  } catch {
    // Storage that is switched off is the same as none.
    return 'token';
  }
}

export function rememberWay(way: 'token' | 'password'): void {
  try {
    window.localStorage.setItem(key, way);
  } catch {
    // The next visit then begins with the token.
  }
}
