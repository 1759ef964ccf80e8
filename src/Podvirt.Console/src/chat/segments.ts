/** A finished piece is at least this long, in characters. */
const leastLength = 6_000;

/**
 * Where a growing Markdown text may be cut into pieces that never change again: at a blank line outside a code block,
 * before a line that begins a new paragraph or heading. Each piece is parsed once instead of at every token.
 * Returns the pieces; joined they are the text, and all but the last stay the same while the text grows.
 */
export function segments(text: string, least: number = leastLength): string[] {
  if (text.length <= least) return [text];
  const pieces: string[] = [];
  let start = 0;
  let fence: string | null = null;
  let blank = false;
  for (let line = 0; line < text.length; ) {
    const end = text.indexOf('\n', line);
    // A line still being written may turn out to be anything.
    if (end < 0) break;
    const content = text.slice(line, end);
    if (fence === null && blank && line - start >= least && beginsParagraph(content)) {
      pieces.push(text.slice(start, line));
      start = line;
    }
    fence = fenceAfter(content, fence);
    blank = content.trim() === '';
    line = end + 1;
  }
  pieces.push(text.slice(start));
  return pieces;
}

/** Not blank, not indented, and no list item, quote or table row that could continue what stands above. */
function beginsParagraph(line: string): boolean {
  return /^(#{1,6} |[^\s>|*+\-\d])/.test(line);
}

function fenceAfter(line: string, fence: string | null): string | null {
  const marker = /^\s*(?:[-*+>] |\d+[.)] )*\s*(`{3,}|~{3,})(.*)$/.exec(line);
  if (!marker) return fence;
  const [, ticks = '', rest = ''] = marker;
  if (fence === null) return ticks;
  const closes = ticks[0] === fence[0] && ticks.length >= fence.length && rest.trim() === '';
  return closes ? null : fence;
}
