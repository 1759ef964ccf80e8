/** What `GET /api/keys` carries. Names are the wire's own. */
export interface ApiKey {
  id: string;
  name: string;
  /** The secret's first characters. */
  prefix: string;
  project: string;
  status: 'active' | 'expired' | 'revoked';
  created_at: string;
  expires_at: string | null;
  revoked_at: string | null;
  /** Null: all. */
  models: string[] | null;
  requests_per_minute: number | null;
  tokens_per_minute: number | null;
  /** US dollars of a UTC month, an exact decimal; null: none. */
  monthly_budget: string | null;
  spent_this_month: string;
  /** At most half a minute old; null: never. */
  last_used_at: string | null;
  /** Secrets that a rotation replaced and that still work. */
  retiring: { prefix: string; until: string }[];
}

export interface NewSecret {
  key: ApiKey;
  /** Shown once: the server keeps a hash. */
  secret: string;
}

/** A key's fields as a form holds them. */
export interface KeyDraft {
  name: string;
  /** A lifetime such as 30d; '' for none; null to leave the expiry as it is. */
  expiresIn: string | null;
  models: string[];
  requestsPerMinute: number | '';
  tokensPerMinute: number | '';
  monthlyBudget: string;
}

export const emptyDraft: KeyDraft = {
  name: '',
  expiresIn: '',
  models: [],
  requestsPerMinute: '',
  tokensPerMinute: '',
  monthlyBudget: '',
};

export function draftOf(key: ApiKey): KeyDraft {
  return {
    name: key.name,
    expiresIn: null,
    models: key.models ?? [],
    requestsPerMinute: key.requests_per_minute ?? '',
    tokensPerMinute: key.tokens_per_minute ?? '',
    monthlyBudget: key.monthly_budget ?? '',
  };
}

export type KeyBody = Record<string, string | number | string[] | null>;

/** The body of a `POST` or `PATCH`: what is empty has no limit. */
export function bodyOf(draft: KeyDraft): KeyBody {
  const body: KeyBody = {
    name: draft.name,
    models: draft.models.length === 0 ? null : draft.models,
    requests_per_minute: draft.requestsPerMinute === '' ? null : draft.requestsPerMinute,
    tokens_per_minute: draft.tokensPerMinute === '' ? null : draft.tokensPerMinute,
    monthly_budget: draft.monthlyBudget.trim() === '' ? null : draft.monthlyBudget.trim(),
  };
  if (draft.expiresIn !== null) body['expires_in'] = draft.expiresIn.trim() === '' ? null : draft.expiresIn.trim();
  return body;
}

/** Those that work come first, then by name. */
export function inOrder(keys: readonly ApiKey[]): ApiKey[] {
  const place = { active: 0, expired: 1, revoked: 2 };
  return [...keys].sort((a, b) => place[a.status] - place[b.status] || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

/** Whether a pasted secret can be this key's: it begins as one of its secrets does. */
export function mayBelong(key: ApiKey, secret: string): boolean {
  return [key.prefix, ...key.retiring.map(({ prefix }) => prefix)].some((prefix) => secret.startsWith(prefix));
}
