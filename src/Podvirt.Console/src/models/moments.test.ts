import { describe, expect, it } from 'vitest';
import { formatDistance } from './moments';

const now = Date.parse('2026-11-26T12:00:00Z');

describe('how far a moment is', () => {
  it.each([
    ['2026-11-26T11:59:30Z', 'just now'],
    ['2026-11-26T11:54:01Z', '5 min ago'],
    ['2026-11-26T09:00:00Z', '3 h ago'],
    ['2026-11-14T12:00:00Z', '12 days ago'],
    ['2026-11-26T12:00:30Z', 'in a moment'],
    ['2026-11-26T12:59:59Z', 'in 59 min'],
    ['2026-11-27T13:00:00Z', 'in 25 h'],
    ['2026-12-26T12:00:00Z', 'in 30 days'],
  ])('%s is %s', (time, text) => expect(formatDistance(time, now)).toBe(text));
});
