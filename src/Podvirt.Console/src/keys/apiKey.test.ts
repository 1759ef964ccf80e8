import { describe, expect, it } from 'vitest';
import { bodyOf, draftOf, emptyDraft, inOrder, mayBelong, type ApiKey } from './apiKey';

const key = {
  id: 'k1',
  name: 'ci',
  prefix: 'pv-abcd',
  status: 'active',
  models: ['a'],
  requests_per_minute: 60,
  tokens_per_minute: null,
  monthly_budget: '25',
  retiring: [{ prefix: 'pv-old1', until: '2026-11-27T00:00:00Z' }],
} as unknown as ApiKey;

describe('a key’s fields', () => {
  it('are no limits where they are empty', () => {
    expect(bodyOf({ ...emptyDraft, name: 'ci' })).toEqual({
      name: 'ci',
      expires_in: null,
      models: null,
      requests_per_minute: null,
      tokens_per_minute: null,
      monthly_budget: null,
    });
  });

  it('leave the expiry alone unless a new one is chosen', () => {
    expect(bodyOf(draftOf(key))).toEqual({
      name: 'ci',
      models: ['a'],
      requests_per_minute: 60,
      tokens_per_minute: null,
      monthly_budget: '25',
    });
    expect(bodyOf({ ...draftOf(key), expiresIn: '' })['expires_in']).toBeNull();
    expect(bodyOf({ ...draftOf(key), expiresIn: ' 30d ' })['expires_in']).toBe('30d');
  });
});

describe('keys', () => {
  it('that work come first', () => {
    const keys = [
      { id: '1', status: 'revoked', name: 'a' },
      { id: '2', status: 'active', name: 'key 10' },
      { id: '3', status: 'expired', name: 'b' },
      { id: '4', status: 'active', name: 'key 9' },
    ] as ApiKey[];
    expect(inOrder(keys).map(({ id }) => id)).toEqual(['4', '2', '3', '1']);
  });

  it('know their own secrets by their beginning', () => {
    expect(mayBelong(key, 'pv-abcdefgh')).toBe(true);
    expect(mayBelong(key, 'pv-old1xyz')).toBe(true);
    expect(mayBelong(key, 'pv-zzzz')).toBe(false);
  });
});
