import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Connect, Plugin } from 'vite';
import { complete } from './completions.ts';
import { refuse } from './refuse.ts';
import { MockState } from './state.ts';

const mockToken = 'mock-token';
const mockCode = 'mock-code';

/** The policy that the server sends with the page; the mock sends it too, so that a breach shows here first. */
const policy =
  "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'";

/** Answers `/api` in Vite's own servers, so that the console can be worked on without a Podvirt. */
export function mockApi(): Plugin {
  const handler = mockHandler();
  return {
    name: 'podvirt-mock-api',
    configureServer: (server) => void server.middlewares.use(handler),
    configurePreviewServer: (server) => {
      server.middlewares.use((_request, response, next) => {
        response.setHeader('Content-Security-Policy', policy);
        next();
      });
      server.middlewares.use(handler);
    },
  };
}

function mockHandler(): Connect.NextHandleFunction {
  const state = new MockState();
  return (request, response, next) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    if (!path.startsWith('/api/')) return next();
    answer(state, path, request, response).catch((error: unknown) => next(error));
  };
}

async function answer(state: MockState, path: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const method = request.method ?? 'GET';
  if (method !== 'GET' && request.headers['x-podvirt-console'] !== '1') {
    return refuse(response, 403, 'The header X-Podvirt-Console is missing.', 'missing_header');
  }
  if (path === '/api/session' && method === 'POST') return signIn(request, response);
  if (!(request.headers.cookie ?? '').includes('podvirt_session=yes')) {
    return refuse(response, 401, 'Nobody is signed in.', 'not_signed_in');
  }
  switch (`${method} ${path}`) {
    case 'GET /api/session':
      return json(response, { role: 'admin' });
    case 'DELETE /api/session':
      response.writeHead(204, { 'Set-Cookie': 'podvirt_session=; Path=/; Max-Age=0' }).end();
      return;
    case 'GET /api/models':
      return json(response, list(state));
    case 'GET /api/events':
      return events(state, response);
    case 'POST /api/playground/chat/completions':
      return complete(state, response, JSON.parse(await read(request)) as object);
    default:
      return refuse(response, 404, 'There is nothing here.', 'not_found');
  }
}

async function signIn(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const { token, code } = JSON.parse(await read(request)) as { token?: string; code?: string };
  if (token !== mockToken && code !== mockCode) return refuse(response, 401, 'Wrong credential.', 'invalid_credential');
  response.writeHead(204, { 'Set-Cookie': 'podvirt_session=yes; Path=/; HttpOnly; SameSite=Strict' }).end();
}

function events(state: MockState, response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  const send = () => response.write(`event: models\ndata: ${JSON.stringify(list(state))}\n\n`);
  const stop = state.listen(send);
  const keepAlive = setInterval(() => response.write(': keep-alive\n\n'), 15_000);
  response.on('close', () => {
    stop();
    clearInterval(keepAlive);
  });
  send();
}

const list = (state: MockState) => ({ object: 'list', data: state.models });

function json(response: ServerResponse, body: object): void {
  response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(body));
}

async function read(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request) text += String(chunk);
  return text;
}
