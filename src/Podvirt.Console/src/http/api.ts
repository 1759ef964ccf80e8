/** The shape of every refusal: OpenAI's error object plus the status it came with. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string | null;
  /** The member of the body that was wrong; null where it was none, or not said. */
  readonly param: string | null;
  /** Seconds the server asks to wait, from `Retry-After`; null where it says nothing. */
  readonly retryAfterSeconds: number | null;

  constructor(
    message: string,
    status: number,
    code: string | null = null,
    retryAfterSeconds: number | null = null,
    param: string | null = null,
  ) {
    super(message);
    this.name = 'ApiError';
    this.status = status;
    this.code = code;
    this.retryAfterSeconds = retryAfterSeconds;
    this.param = param;
  }
}

interface ErrorBody {
  error?: { message?: unknown; code?: unknown; param?: unknown };
}

async function refusal(response: Response): Promise<ApiError> {
  const retryAfter = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  let message = `The server answered ${response.status}${response.statusText ? ` ${response.statusText}` : ''}.`;
  let code: string | null = null;
  let param: string | null = null;
  try {
    const body = (await response.json()) as ErrorBody;
    if (typeof body.error?.message === 'string' && body.error.message !== '') message = body.error.message;
    if (typeof body.error?.code === 'string') code = body.error.code;
    if (typeof body.error?.param === 'string') param = body.error.param;
  } catch {
    // A proxy in between answers in HTML; the status line then says all there is.
  }
  return new ApiError(message, response.status, code, Number.isNaN(retryAfter) ? null : retryAfter, param);
}

export interface CallOptions {
  method?: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';
  /** Sent as JSON, or as the form that it is. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
}

/**
 * Sends one call with the session cookie and returns the response once its status is good.
 * Throws {@link ApiError} for a refusal; status 0 means that no answer came at all.
 */
export async function call(path: string, options: CallOptions = {}): Promise<Response> {
  const { method = 'GET', body, headers = {}, signal } = options;
  const init: RequestInit = { method, credentials: 'same-origin', cache: 'no-store', headers: { ...headers } };
  // The server takes a state-changing call only with this header, which another site's form cannot set.
  if (method !== 'GET') init.headers = { ...headers, 'X-Podvirt-Console': '1' };
  if (body instanceof FormData) {
    // The browser names the boundary itself.
    init.body = body;
  } else if (body !== undefined) {
    init.headers = { ...init.headers, 'Content-Type': 'application/json' };
    init.body = JSON.stringify(body);
  }
  if (signal) init.signal = signal;

  let response: Response;
  try {
    response = await fetch(path, init);
  } catch (error) {
    if (signal?.aborted) throw error;
    throw new ApiError('The server cannot be reached.', 0);
  }
  if (!response.ok) throw await refusal(response);
  return response;
}

export async function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  const response = await call(path, signal ? { signal } : {});
  return (await response.json()) as T;
}

/** Sends JSON, or a form, and returns the JSON of the answer. */
export async function sendJson<T>(path: string, method: 'POST' | 'PUT' | 'PATCH' | 'DELETE', body?: unknown): Promise<T> {
  const response = await call(path, { method, body });
  return (await response.json()) as T;
}

export function isUnauthorized(error: unknown): boolean {
  return error instanceof ApiError && error.status === 401;
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
