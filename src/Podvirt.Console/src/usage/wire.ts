/** What the API sends of usage, rates and invoices. Names are the wire's own; money is exact decimals in text; times are UTC. */
export interface UsageRow {
  group: string;
  requests: number;
  completed: number;
  cancelled: number;
  truncated: number;
  failed: number;
  unreported: number;
  quarantined: number;
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  embedding_tokens: number;
  video_us: number;
  cost: string;
}

export interface UsageReport {
  from: string;
  to: string;
  group: string;
  data: UsageRow[];
  total: UsageRow;
}

export interface RequestRecord {
  id: string;
  project: string;
  /** Empty: the playground's. */
  key: string;
  model: string;
  revision: number;
  replica: string;
  surface: string;
  outcome: string;
  status: number;
  reason: string;
  streamed: boolean;
  cold_start: boolean;
  usage_source: 'engine' | 'none' | 'quarantined';
  prompt_tokens: number;
  cached_tokens: number;
  completion_tokens: number;
  reasoning_tokens: number;
  video_us: number;
  started_at: string;
  ended_at: string;
  queued_us: number;
  parked_us: number;
  first_token_us: number | null;
  duration_us: number;
  rate_version: number;
  cost: string;
  adjustment: string;
}

export interface RequestPage {
  data: RequestRecord[];
  next: string | null;
}

export interface RequestPhase {
  name: string;
  start_us: number;
  duration_us: number;
  billed: boolean;
}

export interface CostLine {
  kind: string;
  amount: number | null;
  price: string | null;
  cost: string;
}

export interface RequestDetail extends RequestRecord {
  explanation: string;
  phases: RequestPhase[];
  tokens_per_second: number | null;
  cost_lines: CostLine[] | null;
}

export interface RateVersion {
  model: string;
  version: number;
  from: string;
  in_force: boolean;
  set_at: string;
  set_by: string | null;
  prompt: string;
  cached: string;
  completion: string;
  embeddings: string;
  video_second: string;
}

export interface Rerating {
  id: number;
  model: string;
  from: string;
  to: string;
  rate_version: number;
  by: string;
  reason: string;
  at: string;
  records: number;
  difference: string;
}

export interface InvoiceHead {
  id: string;
  number: number | null;
  status: 'draft' | 'final';
  project: string;
  project_name: string;
  month: string;
  final_at: string;
  currency: string;
  exact: string;
  amount: string;
}

export interface Party {
  name: string;
  address: string[];
}

export interface InvoiceLine {
  type: 'usage' | 'late_usage' | 'rerating' | 'cold_start';
  month: string;
  model: string;
  kind: string;
  rate_version: number | null;
  old_rate_version: number | null;
  quantity: string;
  unit: string;
  price: string;
  exact: string;
  amount: string;
}

export interface Invoice extends InvoiceHead {
  from: string;
  to: string;
  seller: Party;
  customer: Party;
  requests: number;
  unreported: number;
  late_requests: number;
  lines: InvoiceLine[];
}

export interface KeyHead {
  id: string;
  name: string;
  prefix: string;
  project: string;
  status: string;
}

export interface List<T> {
  data: T[];
}
