import type { ServerResponse } from 'node:http';
import { scriptFor, tokens } from './answers.ts';
import { refuse } from './refuse.ts';
import type { MockState } from './state.ts';

interface Body {
  model?: string;
  messages?: { role: string; content: string }[];
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** Streams one answer the way the server does: comments while the model warms up, then chunks with running counts. */
export async function complete(state: MockState, response: ServerResponse, body: Body): Promise<void> {
  const model = state.find(body.model ?? '');
  if (model === undefined) return refuse(response, 404, 'There is no such model.', 'model_not_found');
  const question = body.messages?.at(-1)?.content ?? '';
  if (question.includes('limit')) {
    response.setHeader('Retry-After', '7');
    return refuse(response, 429, 'Too many requests for this plan.', 'rate_limit_exceeded');
  }

  let gone = false;
  response.on('close', () => (gone = true));
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.flushHeaders();
  const parkedMs = await state.warm(model.id, (phase, eta) => response.write(`: warming-up eta_ms=${eta} phase=${phase}\n\n`));
  response.write(`: podvirt replica=r-7f3a affinity=new parked_ms=${parkedMs}\n\n`);
  await pause(question.includes('wait') ? 4000 : 250);

  const script = scriptFor(question);
  const usage = { prompt_tokens: 24, completion_tokens: 0, prompt_tokens_details: { cached_tokens: 8 } };
  const pieces = [
    ...tokens(script.reasoning).map((reasoning) => ({ reasoning })),
    ...tokens(script.text).map((content) => ({ content })),
  ];
  const last = script.end === 'done' ? pieces.length : Math.min(60, pieces.length);
  for (const [index, delta] of pieces.slice(0, last).entries()) {
    if (gone) return;
    usage.completion_tokens = index + 1;
    const chunk = { object: 'chat.completion.chunk', choices: [{ index: 0, delta, finish_reason: null }], usage };
    response.write(`data: ${JSON.stringify(chunk)}\n\n`);
    if (script.tokenMs > 0) await pause(script.tokenMs);
    else if (index % 40 === 0) await pause(5);
  }
  if (script.end === 'error') response.write('data: {"error":{"message":"The engine stopped answering.","code":"upstream_died"}}\n\n');
  if (script.end === 'done') {
    response.write('data: {"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}\n\n');
    response.write(`data: ${JSON.stringify({ choices: [], usage })}\n\n`);
    response.write('data: [DONE]\n\n');
  }
  response.end();
}
