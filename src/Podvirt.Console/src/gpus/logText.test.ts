import { describe, expect, it } from 'vitest';
import { appendLog } from './logText';

describe('log', () => {
  it('joins parts wherever they were cut', () => {
    expect(appendLog(appendLog('', 'one\ntw'), 'o\nthree\n', 5)).toBe('one\ntwo\nthree\n');
  });

  it('keeps the newest lines', () => {
    expect(appendLog('1\n2\n', '3\n4\n', 3)).toBe('2\n3\n4\n');
    expect(appendLog('1\n2\n3\n', '4', 3)).toBe('1\n2\n3\n4');
    expect(appendLog('1\n2\n3\n4', '\n', 3)).toBe('2\n3\n4\n');
  });
});
