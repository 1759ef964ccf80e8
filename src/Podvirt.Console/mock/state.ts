import type { ModelView } from '../src/models/model';

const gib = 1024 ** 3;

function model(view: Partial<ModelView> & Pick<ModelView, 'id' | 'vendor' | 'name' | 'type'>): ModelView {
  return {
    engine: 'vllm',
    status: 'Cold',
    reason: null,
    failed_replicas: 0,
    revision: 1,
    gpu: { count: 1, type: null, memory_bytes: 20 * gib },
    replicas: { min: 0, max: 2, concurrency: 64, active: 0 },
    price: { prompt: '0.05', cached: '0.01', completion: '0.20' },
    requests_total: 0,
    in_flight: 0,
    waiting: 0,
    startup_duration_ms: null,
    warm_up: null,
    ...view,
  };
}

function catalog(): ModelView[] {
  return [
    model({
      id: 'qwen3-8b', vendor: 'Qwen', name: 'Qwen3 8B', type: 'chat', status: 'Active', startup_duration_ms: 2513,
      requests_total: 1284, replicas: { min: 0, max: 2, concurrency: 64, active: 1 }, in_flight: 3,
    }),
    model({
      id: 'mistralai/Devstral-Small-2', vendor: 'Mistral AI', name: 'Devstral Small 2', type: 'code',
      gpu: { count: 1, type: 'H100', memory_bytes: 48 * gib }, startup_duration_ms: 41_200, requests_total: 87,
      price: { prompt: '0.10', cached: '0.02', completion: '0.30' },
    }),
    model({
      id: 'meta-llama/Llama-4-Scout-17B-16E-Instruct', vendor: 'Meta', name: 'Llama 4 Scout 17B', type: 'chat', status: 'Warming Up',
      gpu: { count: 4, type: 'H100', memory_bytes: 320 * gib }, startup_duration_ms: 92_400, waiting: 12, requests_total: 310,
      price: { prompt: '0.15', cached: '0.0375', completion: '0.60' }, warm_up: { phase: 'weights', elapsed_ms: 31_000, eta_ms: 60_000 },
    }),
    model({
      id: 'deepseek-r1-14b', vendor: 'DeepSeek', name: 'DeepSeek R1 Distill 14B', type: 'chat', status: 'Sleeping',
      startup_duration_ms: 18_730, requests_total: 44, price: { prompt: '0.07', cached: '0.015', completion: '0.25' },
    }),
    model({
      id: 'bge-m3', vendor: 'BAAI', name: 'BGE M3', type: 'embedding', status: 'Active', startup_duration_ms: 940,
      gpu: { count: 1, type: null, memory_bytes: 4 * gib }, requests_total: 52_310, price: { prompt: '0.01', cached: '0.00', completion: '0.00' },
      replicas: { min: 1, max: 4, concurrency: 128, active: 2 }, in_flight: 1, failed_replicas: 1, reason: 'the health check timed out',
    }),
    model({
      id: 'wan2.2-t2v', vendor: 'Wan', name: 'Wan 2.2 T2V', type: 'video-generation', engine: 'vllm-omni', status: 'Failed', price: null,
      reason: 'The engine left with code 1: CUDA out of memory (tried to allocate 2.10 GiB). Next try in 40 s.',
      gpu: { count: 2, type: 'H100', memory_bytes: 160 * gib }, failed_replicas: 1,
    }),
    model({
      id: 'house-model', vendor: 'In house', name: 'House model', type: 'chat', engine: 'external', status: 'Active', gpu: null, price: null,
      requests_total: 9, replicas: { min: 0, max: 0, concurrency: 0, active: 0 },
    }),
  ];
}

const phases = ['starting', 'weights', 'graphs', 'canary'];
const warmUpMs = 6_000;

/** A small server's worth of state: models that warm up on demand, and listeners that hear of it. */
export class MockState {
  models = catalog();
  private readonly listeners = new Set<() => void>();
  private readonly warming = new Map<string, { started: number; ready: Promise<void> }>();

  find(id: string): ModelView | undefined {
    return this.models.find((candidate) => candidate.id === id);
  }

  listen(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  change(id: string, change: Partial<ModelView>): void {
    this.models = this.models.map((candidate) => (candidate.id === id ? { ...candidate, ...change } : candidate));
    for (const listener of this.listeners) listener();
  }

  /** Resolves when the model is active; `tick` hears the phases on the way. */
  async warm(id: string, tick: (phase: string, etaMs: number) => void): Promise<number> {
    if (this.find(id)?.status === 'Active') return 0;
    let run = this.warming.get(id);
    if (run === undefined) {
      run = { started: Date.now(), ready: this.warmUp(id, Date.now()) };
      this.warming.set(id, run);
    }
    const { started } = run;
    const timer = setInterval(() => {
      const warmUp = this.find(id)?.warm_up;
      if (warmUp) tick(warmUp.phase, warmUp.eta_ms ?? 0);
    }, 500);
    await run.ready;
    clearInterval(timer);
    return Date.now() - started;
  }

  private async warmUp(id: string, started: number): Promise<void> {
    for (let elapsed = 0; elapsed < warmUpMs; elapsed = Date.now() - started) {
      const phase = phases[Math.floor((elapsed / warmUpMs) * phases.length)] ?? 'canary';
      this.change(id, { status: 'Warming Up', waiting: 1, warm_up: { phase, elapsed_ms: elapsed, eta_ms: warmUpMs - elapsed } });
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    const { replicas } = this.find(id) ?? catalog()[0]!;
    this.change(id, {
      status: 'Active', warm_up: null, waiting: 0, startup_duration_ms: Date.now() - started, replicas: { ...replicas, active: 1 },
    });
    this.warming.delete(id);
  }
}
