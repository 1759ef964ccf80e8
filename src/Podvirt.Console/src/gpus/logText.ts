/** Lines that are kept: what a reader scrolls through, and no more than a page can hold for days. */
export const linesMax = 2000;

/** Adds what arrived and drops the oldest lines beyond the bound. */
export function appendLog(text: string, part: string, most = linesMax): string {
  const lines = (text + part).split('\n');
  // What follows the last line end is a line that is still being written, or nothing.
  return lines.length <= most + 1 ? text + part : lines.slice(-(most + 1)).join('\n');
}
