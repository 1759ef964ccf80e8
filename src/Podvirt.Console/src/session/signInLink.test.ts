import { describe, expect, it } from 'vitest';
import { signInCode } from './signInLink';

describe('sign-in link', () => {
  it('finds the code in the fragment', () => {
    expect(signInCode('#signin=abc-123')).toBe('abc-123');
    expect(signInCode('#x=1&signin=a%2Bb')).toBe('a+b');
  });

  it('ignores other fragments and an empty code', () => {
    expect(signInCode('')).toBeNull();
    expect(signInCode('#top')).toBeNull();
    expect(signInCode('#signin=')).toBeNull();
  });
});
