import { describe, expect, it } from 'vitest';
import { segments } from './segments';

const text =
  'First paragraph.\n\nSecond one.\n\n```python\nx = 1\n\ny = 2\n```\n\n- item\n\n  more of the item\n\n- item two\n\n# Heading\n\nEnd of it.\n';

describe('segments', () => {
  it('joined are the text, at every length', () => {
    for (let length = 0; length <= text.length; length += 1) {
      expect(segments(text.slice(0, length), 10).join('')).toBe(text.slice(0, length));
    }
  });

  it('never change once another follows', () => {
    let before: string[] = [];
    for (let length = 0; length <= text.length; length += 1) {
      const now = segments(text.slice(0, length), 10);
      expect(now.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      before = now;
    }
  });

  it('never cut a code block or a list', () => {
    expect(segments(text, 10)).toEqual([
      'First paragraph.\n\n',
      'Second one.\n\n',
      '```python\nx = 1\n\ny = 2\n```\n\n- item\n\n  more of the item\n\n- item two\n\n',
      '# Heading\n\n',
      'End of it.\n',
    ]);
  });

  it('leave a short text whole', () => {
    expect(segments(text)).toEqual([text]);
  });
});
