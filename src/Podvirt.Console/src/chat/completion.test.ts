import { describe, expect, it } from 'vitest';
import { InterruptedError, readCompletion, type CompletionPart } from './completion';

function body(chunks: Uint8Array[], failure?: Error): ReadableStream<Uint8Array> {
  let next = 0;
  return new ReadableStream<Uint8Array>({
    pull(controller) {
      const chunk = chunks[next++];
      if (chunk !== undefined) controller.enqueue(chunk);
      else if (failure) controller.error(failure);
      else controller.close();
    },
  });
}

async function read(text: string | Uint8Array[], failure?: Error) {
  const chunks = typeof text === 'string' ? [new TextEncoder().encode(text)] : text;
  const parts: CompletionPart[] = [];
  try {
    for await (const part of readCompletion(body(chunks, failure))) parts.push(part);
    return { parts, error: null };
  } catch (error) {
    return { parts, error: error as Error };
  }
}

const delta = (value: object, more: object = {}) =>
  `data: ${JSON.stringify({ choices: [{ index: 0, delta: value, finish_reason: null }], ...more })}\n\n`;

const whole =
  ': warming-up eta_ms=2300 phase=weights\n\n' +
  ': podvirt replica=r-1 affinity=new parked_ms=1500\n\n' +
  delta({ role: 'assistant', content: '' }) +
  delta({ reasoning: 'hm' }) +
  delta({ reasoning_content: '…' }) +
  delta({ content: 'Grüße 🚀' }, { usage: { prompt_tokens: 5, completion_tokens: 1 } }) +
  'data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\n' +
  'data: {"choices":[],"usage":{"prompt_tokens":5,"completion_tokens":0,"prompt_tokens_details":{"cached_tokens":0}}}\n\n' +
  'data: [DONE]\n\n';

const parts: CompletionPart[] = [
  { kind: 'warming', phase: 'weights', etaMs: 2300 },
  { kind: 'routed', replica: 'r-1', affinity: 'new', parkedMs: 1500 },
  { kind: 'reasoning', text: 'hm' },
  { kind: 'reasoning', text: '…' },
  { kind: 'text', text: 'Grüße 🚀' },
  { kind: 'usage', usage: { prompt: 5, cached: null, completion: 1 } },
  { kind: 'finish', reason: 'stop' },
  { kind: 'usage', usage: { prompt: 5, cached: 0, completion: 0 } },
];

describe('a streamed completion', () => {
  it('is the same at every split of its bytes, inside a character too', async () => {
    const bytes = new TextEncoder().encode(whole);
    for (let at = 0; at <= bytes.length; at += 1) {
      expect(await read([bytes.slice(0, at), bytes.slice(at)]), `split at ${at}`).toEqual({ parts, error: null });
    }
  });

  it('takes CRLF line ends and unknown comments and events', async () => {
    const text = `: keep-alive\r\n\r\ndata: {"object":"ping"}\r\n\r\n${whole.replaceAll('\n', '\r\n')}`;
    expect(await read(text)).toEqual({ parts, error: null });
  });

  it('is interrupted by an error in the stream, after what came before', async () => {
    const result = await read(`${delta({ content: 'a' })}data: {"error":{"message":"engine died","code":"upstream"}}\n\n`);
    expect(result.parts).toEqual([{ kind: 'text', text: 'a' }]);
    expect(result.error).toMatchObject({ name: 'InterruptedError', message: 'engine died', code: 'upstream' });
  });

  it('is interrupted when it ends without [DONE], even after a finish reason', async () => {
    for (const text of ['', delta({ content: 'a' }), whole.replace('data: [DONE]\n\n', ''), `${delta({})}data: [DO`]) {
      expect((await read(text)).error).toBeInstanceOf(InterruptedError);
    }
  });

  it('is interrupted when the connection breaks', async () => {
    const result = await read([new TextEncoder().encode(delta({ content: 'a' }))], new TypeError('network error'));
    expect(result.error).toBeInstanceOf(InterruptedError);
    expect(result.parts).toHaveLength(1);
  });

  it('passes an abort on as what it is', async () => {
    const result = await read([], new DOMException('stopped', 'AbortError'));
    expect(result.error).toMatchObject({ name: 'AbortError' });
  });

  it('is interrupted by data that is no JSON', async () => {
    expect((await read('data: <html>\n\n')).error).toBeInstanceOf(InterruptedError);
  });
});
