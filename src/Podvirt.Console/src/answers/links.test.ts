import { describe, expect, it } from 'vitest';
import { safeAddress } from './links';

describe('links in an answer', () => {
  it.each(['https://example.org/a?b=c', 'http://example.org/', 'mailto:a@example.org'])('%s is followed', (href) => {
    expect(safeAddress(href)).toBe(href);
  });

  it.each(['javascript:alert(1)', ' JaVaScRiPt:alert(1)', 'data:text/html,x', '/api/session', '//example.org', 'file:///etc', '#x', ''])(
    '%s is not',
    (href) => expect(safeAddress(href)).toBeNull(),
  );

  it('is null without an address', () => expect(safeAddress(undefined)).toBeNull());
});
