/** A part of a growing Markdown text. Joined, the texts are the whole; all but the last never change again. */
export interface Piece {
  text: string;
  /** Null: Markdown. Else part of a fenced block that stands by itself, which is shown as it is and never parsed. */
  fence: Fence | null;
  /** Goes on with the block of the piece before it. */
  continues: boolean;
  /** The block's closing fence has come. */
  closed: boolean;
}

export interface Fence {
  marks: string;
  language: string | null;
}

/** All in characters. */
export interface PieceLimits {
  /** From this length on a piece ends before the next paragraph or heading. */
  least: number;
  /** From here on it ends before any line that begins at the margin: a list or a table is then drawn as two. */
  most: number;
  /** A line that is longer is cut at a blank. */
  line: number;
}

const defaults: PieceLimits = { least: 1_500, most: 8_000, line: 4_000 };

/**
 * Cuts text where nothing that follows can change what stands before: each piece is parsed once instead of at every token,
 * and no piece grows without bound. `before` is the result for an earlier state of the same text; only its last piece is
 * looked at again.
 */
export function pieces(text: string, before: readonly Piece[] = [], limits: PieceLimits = defaults): Piece[] {
  const last = before.at(-1);
  const cutter = new Cutter(text, before.slice(0, -1), limits);
  cutter.fence = last?.continues === true ? last.fence : null;
  cutter.continues = cutter.fence !== null;
  return cutter.run();
}

class Cutter {
  fence: Fence | null = null;
  continues = false;
  private readonly text: string;
  private readonly limits: PieceLimits;
  private readonly found: Piece[];
  private start = 0;
  /** The fence of a block inside a list or a quote: it is Markdown's, but no piece ends in it before its time. */
  private nested: Fence | null = null;
  private blank = false;

  constructor(text: string, kept: Piece[], limits: PieceLimits) {
    this.text = text;
    this.found = kept;
    this.limits = limits;
    for (const piece of kept) this.start += piece.text.length;
  }

  run(): Piece[] {
    for (let line = this.start; line < this.text.length; ) {
      const newline = this.text.indexOf('\n', line);
      const length = (newline < 0 ? this.text.length : newline) - line;
      if (length > this.limits.line) {
        line = this.longLine(line);
      } else if (newline < 0) {
        // A line still being written may turn out to be anything.
        break;
      } else {
        this.line(line, newline + 1, this.text.slice(line, newline));
        line = newline + 1;
      }
    }
    this.end(this.text.length, false);
    return this.found;
  }

  private line(from: number, to: number, content: string): void {
    if (this.fence !== null) {
      if (closes(content, this.fence)) this.end(to, true);
      else if (to - this.start >= this.limits.most) this.end(to, false);
      return;
    }
    const fence = fenceOf(content);
    if (fence !== null && this.nested === null && /^[`~]/.test(content)) {
      this.end(from, false);
      this.fence = fence;
      this.continues = false;
      return;
    }
    if (this.mayEndBefore(from, content)) this.end(from, false);
    if (this.nested === null) this.nested = fence;
    else if (closes(content, this.nested)) this.nested = null;
    this.blank = content.trim() === '';
  }

  private mayEndBefore(from: number, content: string): boolean {
    const length = from - this.start;
    if (length >= 2 * this.limits.most) return true;
    if (this.nested !== null) return false;
    return (this.blank && length >= this.limits.least && beginsParagraph(content)) || (length >= this.limits.most && /^\S/.test(content));
  }

  private longLine(from: number): number {
    const furthest = from + this.limits.line;
    const blank = this.text.lastIndexOf(' ', furthest);
    const cut = blank > from ? blank + 1 : furthest;
    this.end(cut, false);
    return cut;
  }

  private end(to: number, closed: boolean): void {
    if (to > this.start) {
      this.found.push({ text: this.text.slice(this.start, to), fence: this.fence, continues: this.continues, closed });
      this.continues = this.fence !== null && !closed;
    }
    this.start = to;
    if (closed) this.fence = null;
    this.nested = null;
    this.blank = false;
  }
}

/** Not blank, not indented, and no list item, quote or table row that could continue what stands above. */
function beginsParagraph(line: string): boolean {
  return /^(#{1,6} |[^\s>|*+\-\d])/.test(line);
}

/** The line without what it stands in: a list item or a quote. */
function marker(line: string): RegExpExecArray | null {
  return /^\s*(?:[-*+>] |\d+[.)] )*\s*(`{3,}|~{3,})(.*)$/.exec(line);
}

function fenceOf(line: string): Fence | null {
  const [, marks, info = ''] = marker(line) ?? [];
  // Three backticks that are closed on the same line are code within a line.
  if (marks === undefined || (marks.startsWith('`') && info.includes('`'))) return null;
  return { marks, language: /^[\w+#.-]+/.exec(info.trim())?.[0] ?? null };
}

function closes(line: string, fence: Fence): boolean {
  const [, marks = '', rest = ''] = marker(line) ?? [];
  return marks[0] === fence.marks[0] && marks.length >= fence.marks.length && rest.trim() === '';
}

/** The code of a block's pieces, without its fences. */
export function codeOf(piece: Piece): string {
  const from = piece.continues ? 0 : piece.text.indexOf('\n') + 1;
  if (from === 0 && !piece.continues) return '';
  if (!piece.closed) return piece.text.slice(from);
  const body = piece.text.replace(/\n$/, '');
  return piece.text.slice(from, Math.max(from, body.lastIndexOf('\n') + 1));
}
