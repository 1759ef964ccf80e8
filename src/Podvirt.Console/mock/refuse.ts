import type { ServerResponse } from 'node:http';

export function refuse(response: ServerResponse, status: number, message: string, code: string): void {
  response.writeHead(status, { 'Content-Type': 'application/json' });
  response.end(JSON.stringify({ error: { message, type: 'invalid_request_error', param: null, code } }));
}
