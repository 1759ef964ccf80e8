import type { ModelView } from '../models/model';
import type { JobDetails, VideoJob } from './job';

/** A job as the server sends it, for tests. */
export function sampleJob(change: Partial<VideoJob> = {}, details: Partial<JobDetails> = {}): VideoJob {
  return {
    id: 'video_1',
    model: 'wan',
    prompt: 'A boat',
    status: 'queued',
    progress: 0,
    seconds: '4',
    size: '1280x720',
    created_at: 1_795_000_000,
    completed_at: null,
    expires_at: null,
    error: null,
    ...change,
    podvirt: {
      cold_start: false,
      phase: null,
      eta_ms: null,
      queued_ms: 0,
      started_at: null,
      attempts: 0,
      cost: null,
      video_seconds: null,
      file_bytes: null,
      settings: {},
      ...details,
    },
  };
}

export const sampleModel = { status: 'Cold', warm_up: null } as unknown as ModelView;
