import { call, isUnauthorized } from '../http/api';
import { pause } from '../http/pause';
import { readSse } from '../http/sse';
import type { FleetLists } from '../gpus/fleet';
import type { ModelList } from '../models/model';
import { backoffMs } from './backoff';

export interface FeedEvents {
  onModels: (models: ModelList) => void;
  onFleet: (fleet: FleetLists) => void;
  /** A replica changed its state, or this listener missed that some did. */
  onTransitions: () => void;
  onConnected: () => void;
  onLost: () => void;
  onUnauthorized: () => void;
}

/** A feed that says nothing for this long, not even a keep-alive comment, is taken for dead. */
const silenceMs = 60_000;

/** Follows `/api/events` until the signal aborts, reconnecting with backoff. A 401 ends it: only a sign-in helps. */
export async function followModels(events: FeedEvents, signal: AbortSignal): Promise<void> {
  let attempt = 0;
  while (!signal.aborted) {
    try {
      await readOnce(events, signal, () => (attempt = 0));
    } catch (error) {
      if (isUnauthorized(error)) return events.onUnauthorized();
    }
    if (signal.aborted) return;
    events.onLost();
    attempt += 1;
    await pause(backoffMs(attempt), signal);
  }
}

async function readOnce(events: FeedEvents, signal: AbortSignal, onAlive: () => void): Promise<void> {
  const connection = new AbortController();
  const abort = () => connection.abort();
  signal.addEventListener('abort', abort);
  let silence = setTimeout(abort, silenceMs);
  try {
    const response = await call('/api/events', { headers: { Accept: 'text/event-stream' }, signal: connection.signal });
    if (!response.body) return;
    events.onConnected();
    for await (const item of readSse(response.body)) {
      clearTimeout(silence);
      silence = setTimeout(abort, silenceMs);
      onAlive();
      if (item.kind === 'event') pass(item.name, item.data, events);
    }
  } finally {
    clearTimeout(silence);
    signal.removeEventListener('abort', abort);
  }
}

function pass(name: string, data: string, events: FeedEvents): void {
  if (name === 'models') events.onModels(JSON.parse(data) as ModelList);
  else if (name === 'fleet') events.onFleet(JSON.parse(data) as FleetLists);
  else if (name === 'transition' || name === 'lost') events.onTransitions();
}
