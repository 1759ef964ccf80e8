/** The code of a one-time sign-in link (`#signin=<code>`), or null. */
export function signInCode(hash: string): string | null {
  const code = new URLSearchParams(hash.replace(/^#/, '')).get('signin');
  return code === null || code === '' ? null : code;
}

let pending: string | null = null;

/**
 * Reads the code and strips the fragment in one go, before anything is drawn: it must not stay in the address,
 * in the history or in a copied link.
 */
export function collectSignInCode(): void {
  pending = signInCode(window.location.hash);
  if (pending !== null) {
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  }
}

export function hasSignInCode(): boolean {
  return pending !== null;
}

/** Hands the collected code out once: the server takes it once too. */
export function takeSignInCode(): string | null {
  const code = pending;
  pending = null;
  return code;
}
