import { describe, expect, it } from 'vitest';
import { stopsFromText, stopsToText } from './stops';

describe('stop sequences', () => {
  it.each([[['END']], [['\n\n', 'User:', 'a\tb']], [['\\n', '\\', ' ']], [[]]])('%j survive the text field', (stops) => {
    expect(stopsFromText(stopsToText(stops))).toEqual(stops);
  });

  it('leave out blank lines, and keep a backslash that means nothing', () => {
    expect(stopsFromText('END\n\n\\d')).toEqual(['END', '\\d']);
  });
});
