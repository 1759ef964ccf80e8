// Makes calls with the clients for Node, several at a time. A line of JSON on standard input is a call:
//   { id, client, surface, way: "plain" | "stream", baseUrl, key, model, prompt, leaveAfter?, tellAfter? }
// and lines on standard output say what the client saw: { id, told } once `tellAfter` parts have come, and at its end
//   { id, text, parts, firstMs, lastMs, usage: { prompt, completion } | null, error: { type, status, code, message } | null }
// With PATIENT set, the time-outs of Node's own fetch are off, as docs/clients.md advises.
import { createHash } from 'node:crypto';
import readline from 'node:readline';
import { Agent, setGlobalDispatcher } from 'undici';

if (process.env.PATIENT) {
  setGlobalDispatcher(new Agent({ headersTimeout: 0, bodyTimeout: 0 }));
}

for await (const line of readline.createInterface({ input: process.stdin })) {
  void run(JSON.parse(line));
}

async function run(call) {
  const seen = { id: call.id, text: '', parts: 0, firstMs: 0, lastMs: 0, usage: null, error: null };
  const leaving = new AbortController();
  const { surfaces } = await import(`./${call.client}.mjs`);
  const started = performance.now();
  const sound = createHash('sha256');
  let bytesSeen = 0;
  const onPart = () => {
    seen.parts++;
    seen.lastMs = performance.now() - started;
    seen.firstMs ||= seen.lastMs;
    if (seen.parts === call.tellAfter) {
      print({ id: call.id, told: true });
    }
    if (seen.parts === call.leaveAfter) {
      leaving.abort();
    }
  };
  const onText = (text) => {
    seen.text += text;
    onPart();
  };
  const onBytes = (bytes) => {
    sound.update(bytes);
    bytesSeen += bytes.length;
    onPart();
  };
  try {
    const { text, usage } = await surfaces[call.surface][call.way]({ ...call, signal: leaving.signal, onText, onBytes });
    if (text !== undefined) {
      onText(text);
    }
    seen.usage = usage ?? null;
  } catch (error) {
    if (!leaving.signal.aborted) {
      seen.error = explain(error);
    }
  }
  if (bytesSeen > 0) {
    seen.text = `${bytesSeen} bytes ${sound.digest('hex')}`;
  }
  print(seen);
}

function explain(error) {
  // The AI SDK hands over what it gave up on, and every client keeps the body's error in a place of its own.
  const cause = error.lastError ?? error;
  const body = cause.error?.error ?? cause.error ?? cause.data?.error ?? {};
  return {
    type: cause instanceof Error ? cause.constructor.name : 'error event',
    status: cause.status ?? cause.statusCode ?? null,
    code: cause.code ?? body.code ?? null,
    message: String(cause.message ?? cause),
  };
}

function print(value) {
  console.log(JSON.stringify(value));
}
