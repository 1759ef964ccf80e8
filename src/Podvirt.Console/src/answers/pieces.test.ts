import { describe, expect, it } from 'vitest';
import { codeOf, pieces, type Piece, type PieceLimits } from './pieces';

const text =
  'First paragraph.\n\nSecond one.\n\n```python\nx = 1\n\ny = 2\n```\n\n- item\n\n  ```\n  more\n\nof it\n  ```\n\n- item two\n\n# Heading\n\nEnd of it.\n';
const short: PieceLimits = { least: 10, most: 60, line: 80 };

const textsOf = (found: Piece[]) => found.map((piece) => piece.text);

/** The pieces of every prefix, each made from those of the prefix before it. */
function grown(whole: string, limits: PieceLimits): Piece[][] {
  const states: Piece[][] = [];
  for (let length = 0; length <= whole.length; length += 1) states.push(pieces(whole.slice(0, length), states.at(-1), limits));
  return states;
}

describe('pieces', () => {
  it('joined are the text, at every length', () => {
    grown(text, short).forEach((state, length) => expect(textsOf(state).join('')).toBe(text.slice(0, length)));
  });

  it('are the same whether they grew or were cut at once', () => {
    for (const limits of [short, { least: 5, most: 12, line: 9 }]) {
      grown(text, limits).forEach((state, length) => expect(state).toEqual(pieces(text.slice(0, length), [], limits)));
    }
  });

  it('never change once another follows', () => {
    let before: Piece[] = [];
    for (const state of grown(text, short)) {
      expect(state.slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      before = state;
    }
  });

  it('set a code block apart, and never cut a list or what is in it', () => {
    expect(textsOf(pieces(text, [], short))).toEqual([
      'First paragraph.\n\n',
      'Second one.\n\n',
      '```python\nx = 1\n\ny = 2\n```\n',
      '\n- item\n\n  ```\n  more\n\nof it\n  ```\n\n- item two\n\n',
      '# Heading\n\n',
      'End of it.\n',
    ]);
  });

  it('leave a short text whole', () => {
    expect(textsOf(pieces('One.\n\nTwo.'))).toEqual(['One.\n\nTwo.']);
  });

  it('know the code and its language', () => {
    const block = '~~~~c#\nvar x = 1;\n```\n~~~~\n';
    const [piece] = pieces(block);
    expect(piece).toMatchObject({ fence: { language: 'c#' }, closed: true, continues: false });
    expect(piece && codeOf(piece)).toBe('var x = 1;\n```\n');
    expect(pieces('```js').map((open) => codeOf(open))).toEqual(['']);
  });

  it.each([
    ['a code block', '```js\n' + 'let x = 1;\n'.repeat(500)],
    ['a list', '- item of a list\n'.repeat(500)],
    ['a paragraph', 'word '.repeat(2_000)],
    ['a text without a blank', 'x'.repeat(9_000)],
    ['a block inside a list', '- item\n\n  ```\n' + '  code\n'.repeat(800)],
  ])('of %s without end stay small', (_, endless) => {
    const found = pieces(endless, [], { least: 100, most: 400, line: 300 });
    expect(textsOf(found).join('')).toBe(endless);
    expect(Math.max(...found.map((piece) => piece.text.length))).toBeLessThan(1_300);
  });

  it('of a long block are one block', () => {
    const found = pieces('```js\n' + 'let x = 1;\n'.repeat(200) + '```\nafter\n', [], { least: 100, most: 400, line: 300 });
    const block = found.filter((piece) => piece.fence !== null);
    expect(block.length).toBeGreaterThan(3);
    expect(block.map((piece) => piece.continues)).toEqual(block.map((_, index) => index > 0));
    expect(block.map(codeOf).join('')).toBe('let x = 1;\n'.repeat(200));
    expect(found.at(-1)).toMatchObject({ text: 'after\n', fence: null });
  });
});
