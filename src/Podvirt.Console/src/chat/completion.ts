import { readSse } from '../http/sse';

/** Token counts so far. They are cumulative: the last one seen is the truth, and a sum would be wrong. */
export interface Usage {
  prompt: number;
  cached: number | null;
  completion: number;
}

/** One piece of a streamed chat completion. */
export type CompletionPart =
  | { kind: 'warming'; phase: string | null; etaMs: number | null }
  | { kind: 'routed'; replica: string | null; affinity: string | null; parkedMs: number | null }
  | { kind: 'text'; text: string }
  | { kind: 'reasoning'; text: string }
  | { kind: 'usage'; usage: Usage }
  | { kind: 'finish'; reason: string };

/** The answer ended before its end: by an error in the stream, or without the final `[DONE]`. */
export class InterruptedError extends Error {
  readonly code: string | null;

  constructor(message: string, code: string | null = null) {
    super(message);
    this.name = 'InterruptedError';
    this.code = code;
  }
}

interface Chunk {
  error?: { message?: unknown; code?: unknown } | string;
  choices?: { delta?: { content?: unknown; reasoning?: unknown; reasoning_content?: unknown }; finish_reason?: unknown }[];
  usage?: {
    prompt_tokens?: unknown;
    completion_tokens?: unknown;
    prompt_tokens_details?: { cached_tokens?: unknown } | null;
  } | null;
}

/** Reads a streamed completion to its `[DONE]`. Throws {@link InterruptedError} where the stream ends in any other way. */
export async function* readCompletion(body: ReadableStream<Uint8Array>): AsyncGenerator<CompletionPart, void, undefined> {
  try {
    for await (const item of readSse(body)) {
      if (item.kind === 'comment') {
        const part = readComment(item.text);
        if (part !== null) yield part;
      } else if (item.data === '[DONE]') {
        return;
      } else {
        yield* readChunk(item.data);
      }
    }
  } catch (error) {
    if (error instanceof InterruptedError || isAbort(error)) throw error;
    throw new InterruptedError('The connection broke before the answer was complete.');
  }
  throw new InterruptedError('The stream ended before the answer was complete.');
}

export function isAbort(error: unknown): boolean {
  return error instanceof DOMException && error.name === 'AbortError';
}

function readComment(text: string): CompletionPart | null {
  const [word, ...pairs] = text.split(/\s+/);
  const values = new Map(pairs.map((pair) => [pair.slice(0, pair.indexOf('=')), pair.slice(pair.indexOf('=') + 1)]));
  const number = (name: string) => {
    const value = Number.parseFloat(values.get(name) ?? '');
    return Number.isNaN(value) ? null : value;
  };
  if (word === 'warming-up') return { kind: 'warming', phase: values.get('phase') ?? null, etaMs: number('eta_ms') };
  if (word === 'podvirt') {
    return {
      kind: 'routed',
      replica: values.get('replica') ?? null,
      affinity: values.get('affinity') ?? null,
      parkedMs: number('parked_ms'),
    };
  }
  return null;
}

function* readChunk(data: string): Generator<CompletionPart, void, undefined> {
  let chunk: Chunk;
  try {
    chunk = JSON.parse(data) as Chunk;
  } catch {
    throw new InterruptedError('The stream carried something that is not JSON.');
  }
  if (chunk.error !== undefined) throw errorOf(chunk.error);

  const choice = chunk.choices?.[0];
  const delta = choice?.delta;
  const reasoning = delta?.reasoning ?? delta?.reasoning_content;
  if (typeof reasoning === 'string' && reasoning !== '') yield { kind: 'reasoning', text: reasoning };
  if (typeof delta?.content === 'string' && delta.content !== '') yield { kind: 'text', text: delta.content };
  if (typeof choice?.finish_reason === 'string') yield { kind: 'finish', reason: choice.finish_reason };

  const usage = chunk.usage;
  if (usage && typeof usage.prompt_tokens === 'number' && typeof usage.completion_tokens === 'number') {
    const cached = usage.prompt_tokens_details?.cached_tokens;
    yield {
      kind: 'usage',
      usage: {
        prompt: usage.prompt_tokens,
        cached: typeof cached === 'number' ? cached : null,
        completion: usage.completion_tokens,
      },
    };
  }
}

function errorOf(error: NonNullable<Chunk['error']>): InterruptedError {
  if (typeof error === 'string') return new InterruptedError(error);
  const message = typeof error.message === 'string' ? error.message : 'The engine reported an error.';
  return new InterruptedError(message, typeof error.code === 'string' ? error.code : null);
}
