/** What `GET /api/models` and the `models` event carry. Names are the wire's own. */
export interface ModelView {
  id: string;
  vendor: string;
  name: string;
  type: string;
  engine: string;
  status: string;
  /** Why the model failed, or null. */
  reason: string | null;
  failed_replicas: number;
  revision: number;
  gpu: { count: number; type: string | null; memory_bytes: number } | null;
  replicas: { min: number; max: number; concurrency: number; active: number };
  price: Price | null;
  /** Of all projects together; null: whoever is signed in is no admin. */
  requests_total: number | null;
  in_flight: number;
  waiting: number;
  startup_duration_ms: number | null;
  warm_up: WarmUp | null;
  /** What a video model offers; null: whatever its engine takes. */
  video: VideoOffer | null;
  /** Set while it is Failed. */
  failure: Failure | null;
}

export interface Failure {
  code: string;
  reason: string;
  /** The next request after this starts it again; null: not before something is changed. */
  retry_at: string | null;
  /** The engine's last lines. */
  log_tail: string[];
}

/** US dollars per million tokens, and per second of video, as exact decimal strings; null where no price is set. */
export interface Price {
  prompt: string;
  cached: string;
  completion: string;
  embeddings: string | null;
  video_second: string | null;
}

export interface VideoOffer {
  /** Such as `1280x720`; empty: any that the engine takes. */
  sizes: string[];
  /** Lengths to choose from; empty: any up to `max_seconds`. */
  seconds: number[];
  max_seconds: number | null;
}

export interface WarmUp {
  phase: string;
  elapsed_ms: number;
  eta_ms: number | null;
}

export interface ModelList {
  object: 'list';
  data: ModelView[];
}

/** The types the catalog can filter by, in the order shown. A server may send others; they are shown by their raw name. */
export const modelTypes = [
  { value: 'chat', label: 'Chat' },
  { value: 'code', label: 'Code' },
  { value: 'embedding', label: 'Embedding' },
  { value: 'video-generation', label: 'Video generation' },
] as const;

export type ModelType = (typeof modelTypes)[number]['value'];

export function isModelType(value: string | null): value is ModelType {
  return modelTypes.some((type) => type.value === value);
}

export function typeLabel(type: string): string {
  return modelTypes.find((known) => known.value === type)?.label ?? type;
}

export function canChat(model: Pick<ModelView, 'type'>): boolean {
  return model.type === 'chat' || model.type === 'code';
}

export function canMakeVideo(model: Pick<ModelView, 'type'>): boolean {
  return model.type === 'video-generation';
}

export function isExternal(model: ModelView): boolean {
  return model.engine === 'external';
}

/** At least one replica runs at all times. */
export function isAlwaysOn(model: ModelView): boolean {
  return !isExternal(model) && model.replicas.min > 0;
}
