const open = '<think>';
const close = '</think>';

/**
 * Separates reasoning from the answer in a model's text, however its tags are split across pieces.
 *
 * | where          | piece                          | becomes                                                   |
 * |----------------|--------------------------------|-----------------------------------------------------------|
 * | before answer  | blanks, then `<think>`         | reasoning begins                                          |
 * | reasoning      | `</think>`                     | back to before the answer                                 |
 * | answer         | `<think>`, `a < b`             | plain text: an answer may speak of tags                   |
 * | first answer   | a line that is only `</think>` | all so far was reasoning (the opening tag was in the prompt) |
 *
 * Only what may still become a tag is held back, never more than eight characters.
 */
export class ThinkSplitter {
  reasoning = '';
  answer = '';
  private state: 'before' | 'reasoning' | 'answer' = 'before';
  private sawReasoning = false;
  private held = '';

  push(piece: string): void {
    let rest = this.held + piece;
    this.held = '';
    while (rest !== '') {
      if (this.state === 'before') rest = this.before(rest);
      else if (this.state === 'reasoning') rest = this.within(rest);
      else rest = this.after(rest);
    }
  }

  /** Reasoning that came in a field of its own. */
  pushReasoning(piece: string): void {
    this.reasoning += piece;
    this.sawReasoning = true;
  }

  /** The stream is over: what was held back is text after all. */
  end(): void {
    if (this.state === 'reasoning') this.reasoning += this.held;
    else this.answer += this.held;
    this.held = '';
  }

  private before(rest: string): string {
    const text = rest.trimStart();
    if (text.startsWith(open)) {
      if (this.reasoning !== '') this.reasoning += '\n\n';
      this.state = 'reasoning';
      this.sawReasoning = true;
      return text.slice(open.length);
    }
    if (open.startsWith(text)) {
      this.held = text;
      return '';
    }
    this.state = 'answer';
    return text;
  }

  private within(rest: string): string {
    const at = rest.indexOf(close);
    if (at >= 0) {
      this.reasoning += rest.slice(0, at);
      this.state = 'before';
      return rest.slice(at + close.length);
    }
    const cut = rest.length - tagStartAtEnd(rest);
    this.reasoning += rest.slice(0, cut);
    this.held = rest.slice(cut);
    return '';
  }

  private after(rest: string): string {
    if (this.sawReasoning) {
      this.answer += rest;
      return '';
    }
    const at = this.closingLine(rest);
    if (at >= 0) {
      const text = this.answer + rest.slice(0, at);
      this.sawReasoning = true;
      if (!insideCode(text)) {
        this.reasoning = text;
        this.answer = '';
        this.state = 'before';
        return rest.slice(at + close.length);
      }
      this.answer += rest;
      return '';
    }
    const held = tagStartAtEnd(rest);
    const cut = rest.length - (this.atLineStart(rest, rest.length - held) ? held : 0);
    this.answer += rest.slice(0, cut);
    this.held = rest.slice(cut);
    return '';
  }

  private closingLine(rest: string): number {
    for (let at = rest.indexOf(close); at >= 0; at = rest.indexOf(close, at + 1)) {
      if (this.atLineStart(rest, at)) return at;
    }
    return -1;
  }

  private atLineStart(rest: string, at: number): boolean {
    return at > 0 ? rest[at - 1] === '\n' : this.answer === '' || this.answer.endsWith('\n');
  }
}

/** How many characters at the end of the text may be the beginning of a closing tag. */
function tagStartAtEnd(text: string): number {
  for (let length = Math.min(close.length - 1, text.length); length > 0; length -= 1) {
    if (close.startsWith(text.slice(text.length - length))) return length;
  }
  return 0;
}

function insideCode(text: string): boolean {
  return (text.match(/^ {0,3}(```|~~~)/gm)?.length ?? 0) % 2 === 1;
}
