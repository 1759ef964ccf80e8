import { createParser } from 'eventsource-parser';

/** One complete piece of a server-sent event stream, in the order it arrived. */
export type SseItem =
  | { kind: 'event'; name: string; data: string }
  | { kind: 'comment'; text: string };

/**
 * Reads a response body as server-sent events. Comments are items too: the server reports warm-up and routing in them.
 * Ends when the body ends; throws when the connection breaks. An event cut off by the end of the body is dropped.
 */
export async function* readSse(body: ReadableStream<Uint8Array>): AsyncGenerator<SseItem, void, undefined> {
  const items: SseItem[] = [];
  const parser = createParser({
    onEvent: (event) => items.push({ kind: 'event', name: event.event ?? 'message', data: event.data }),
    onComment: (text) => items.push({ kind: 'comment', text: text.trim() }),
  });
  const decoder = new TextDecoder();
  const reader = body.getReader();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      parser.feed(decoder.decode(value, { stream: true }));
      yield* items.splice(0);
    }
  } finally {
    // Also reached when the consumer stops early: cancelling tells the server that nobody reads on.
    await reader.cancel().catch(() => undefined);
  }
}
