/** What an engine takes at most. */
export const mostStops = 4;

const written: Record<string, string> = { '\n': '\\n', '\t': '\\t', '\\': '\\\\' };
const meant: Record<string, string> = { n: '\n', t: '\t', '\\': '\\' };

/** Stop sequences as lines of a text field: a line break within one is written `\n`. */
export function stopsToText(stops: string[]): string {
  return stops.map((stop) => stop.replace(/[\n\t\\]/g, (character) => written[character] ?? character)).join('\n');
}

export function stopsFromText(text: string): string[] {
  const stops = text.split('\n').filter((line) => line !== '');
  return stops.map((line) => line.replace(/\\([nt\\])/g, (_, character: string) => meant[character] ?? character));
}
