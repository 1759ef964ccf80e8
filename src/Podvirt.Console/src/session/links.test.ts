import { describe, expect, it } from 'vitest';
import { linkContent } from './links';

describe('a link', () => {
  it('brings its code in the fragment', () => {
    expect(linkContent('#signin=abc-123')).toEqual({ code: 'abc-123', invite: null, problem: null });
    expect(linkContent('#x=1&signin=a%2Bb').code).toBe('a+b');
    expect(linkContent('#invite=XYZ')).toEqual({ code: null, invite: 'XYZ', problem: null });
  });

  it('may say why signing in did not work, at no great length', () => {
    expect(linkContent('#problem=No%20access%20here.').problem).toBe('No access here.');
    expect(linkContent(`#problem=${'x'.repeat(1000)}`).problem).toHaveLength(300);
  });

  it('without any of them brings nothing', () => {
    for (const hash of ['', '#top', '#signin=', '#invite=&problem=']) {
      expect(linkContent(hash), hash).toEqual({ code: null, invite: null, problem: null });
    }
  });
});
