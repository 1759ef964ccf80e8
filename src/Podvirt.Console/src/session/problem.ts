import { ApiError } from '../http/api';
import type { Credential } from './session';

/** A refused sign-in in the words of the page. */
export function signInProblem(error: unknown, credential: Credential): string {
  if (!(error instanceof ApiError)) return 'Signing in failed.';
  if (error.status === 401) {
    if ('code' in credential) return 'This sign-in link was used before or has expired. Sign in below instead.';
    return 'token' in credential
      ? 'That is not the admin token of this server.'
      : 'This e-mail address and password do not belong together.';
  }
  if (error.status === 429) {
    const wait = error.retryAfterSeconds === null ? 'a minute' : `${error.retryAfterSeconds} s`;
    return `Too many attempts. Try again in ${wait}.`;
  }
  return error.message;
}
