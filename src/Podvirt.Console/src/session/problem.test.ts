import { describe, expect, it } from 'vitest';
import { ApiError } from '../http/api';
import { signInProblem } from './problem';

const password = { email: 'ada@example.com', password: 'x' };

describe('a refused sign-in', () => {
  it('says what was not right, and no more', () => {
    const refused = new ApiError('whatever', 401, 'wrong_password');
    expect(signInProblem(refused, { token: 'x' })).toContain('admin token');
    expect(signInProblem(refused, { code: 'x' })).toContain('link was used before or has expired');
    expect(signInProblem(refused, password)).toBe('This e-mail address and password do not belong together.');
  });

  it('says how long to wait', () => {
    expect(signInProblem(new ApiError('slow down', 429, 'too_many_attempts', 42), password)).toBe('Too many attempts. Try again in 42 s.');
    expect(signInProblem(new ApiError('slow down', 429), password)).toContain('a minute');
  });

  it('passes on what the server says otherwise', () => {
    expect(signInProblem(new ApiError('This account is disabled.', 403, 'member_disabled'), password)).toBe('This account is disabled.');
    expect(signInProblem(new Error('boom'), password)).toBe('Signing in failed.');
  });
});
