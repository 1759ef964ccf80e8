/** What a link brings in its fragment, which no server and no log gets to see. */
export interface LinkContent {
  /** Signs in once. */
  code: string | null;
  /** Sets a member's password. */
  invite: string | null;
  /** Why signing in with a provider did not work. */
  problem: string | null;
}

const none: LinkContent = { code: null, invite: null, problem: null };

/** Anybody can write a link: a text that long is not ours. */
const problemLengthMax = 300;

export function linkContent(hash: string): LinkContent {
  const params = new URLSearchParams(hash.replace(/^#/, ''));
  const value = (name: string) => (params.get(name) === '' ? null : params.get(name));
  return { code: value('signin'), invite: value('invite'), problem: value('problem')?.slice(0, problemLengthMax) ?? null };
}

let pending = none;

/**
 * Reads the fragment and strips it in one go, before anything is drawn: a code must not stay in the address,
 * in the history or in a copied link.
 */
export function collectLink(): void {
  pending = linkContent(window.location.hash);
  if (pending.code !== null || pending.invite !== null || pending.problem !== null) {
    window.history.replaceState(window.history.state, '', window.location.pathname + window.location.search);
  }
}

/** What was collected and not taken so far. */
export function pendingLink(): LinkContent {
  return pending;
}

/** Hands the collected content out once: the server takes a code once too. */
export function takeLink(): LinkContent {
  const taken = pending;
  pending = none;
  return taken;
}
