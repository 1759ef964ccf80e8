/** What a shell takes as one word, whatever is in it. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** The request as anybody can send it, with a key of their own in `PODVIRT_API_KEY`. */
export function curlOf(origin: string, body: string): string {
  return [
    `curl -N ${quoted(`${origin}/v1/chat/completions`)}`,
    `-H "Authorization: Bearer $PODVIRT_API_KEY"`,
    `-H 'Content-Type: application/json'`,
    `--data-raw ${quoted(body)}`,
  ].join(' \\\n  ');
}
