import { formatEta, formatPhase, formatSeconds } from '../models/format';
import type { ModelView } from '../models/model';
import { warmUpLine } from '../models/warmUp';
import type { StateTone } from '../shell/StateTag';

export type JobStatus = 'queued' | 'in_progress' | 'completed' | 'failed';

/** A video and how it came about, as `/api/videos` shows it. Names are the wire's own. */
export interface VideoJob {
  id: string;
  model: string;
  prompt: string;
  status: JobStatus;
  /** Per cent. */
  progress: number;
  /** Of the video, a decimal in text; empty where the engine chose and has not said. */
  seconds: string | null;
  /** Such as `1280x720`. */
  size: string | null;
  /** Seconds since 1970, as all moments here. */
  created_at: number;
  completed_at: number | null;
  /** The file is kept until then. */
  expires_at: number | null;
  error: { code: string; message: string } | null;
  podvirt: JobDetails;
}

export interface JobDetails {
  /** Whether the model had to be started or woken for it. */
  cold_start: boolean;
  /** Of the start-up that it waits for. */
  phase: string | null;
  eta_ms: number | null;
  /** From its creation until an engine took it. */
  queued_ms: number;
  started_at: number | null;
  /** How many engines took it. */
  attempts: number;
  /** US dollars, an exact decimal; null until it ended. */
  cost: string | null;
  /** What was billed, a decimal in text. */
  video_seconds: string | null;
  file_bytes: number | null;
  /** Further fields that it was asked for with, by their names in the API. */
  settings: Record<string, string>;
}

export function isUnfinished(job: VideoJob): boolean {
  return job.status === 'queued' || job.status === 'in_progress';
}

export const states: Record<JobStatus, { tone: StateTone; word: string }> = {
  queued: { tone: 'waiting', word: 'Queued' },
  in_progress: { tone: 'warming', word: 'In progress' },
  completed: { tone: 'good', word: 'Completed' },
  failed: { tone: 'bad', word: 'Failed' },
};

/** When the wait that the line tells of began, in milliseconds. */
export function waitsSince(job: VideoJob): number {
  return (job.status === 'in_progress' ? (job.podvirt.started_at ?? job.created_at) : job.created_at) * 1000;
}

/** What an unfinished job waits for, in words: never a spinner alone. */
export function jobLine(job: VideoJob, model: ModelView, waitedMs: number): string {
  const { phase, eta_ms } = job.podvirt;
  const line = (words: string) => [words, formatSeconds(waitedMs), formatEta(eta_ms)].filter((part) => part !== null).join(' · ');
  if (job.status === 'in_progress') return line('The engine makes the video');
  // The model's own state comes more often than the job's; that is the next best word.
  if (model.warm_up !== null) return warmUpLine(model.warm_up);
  if (phase !== null && model.status !== 'Active') return warmUpLine({ phase, elapsed_ms: waitedMs, eta_ms });
  if (model.status === 'Failed') return line('The model failed and is being retried');
  return line('Waiting for a free place');
}

/** The phase that a job waits for; null where it waits for none. */
export function jobPhase(job: VideoJob, model: ModelView): string | null {
  if (job.status !== 'queued') return null;
  const phase = model.warm_up?.phase ?? (model.status === 'Active' ? null : job.podvirt.phase);
  return phase === null ? null : formatPhase(phase);
}

/** "Cold, after 12 s" · "Warm" */
export function startWords({ cold_start, queued_ms }: JobDetails): string {
  return cold_start ? `Cold, after ${formatSeconds(queued_ms)}` : 'Warm';
}

/** "1280 × 720" */
export function sizeWords(size: string): string {
  return size.replace('x', ' × ');
}

/** "4 s", "2.5 s": no zeros that say nothing. */
export function lengthWords(seconds: string): string {
  return `${seconds.includes('.') ? seconds.replace(/\.?0+$/, '') : seconds} s`;
}

/** From its creation to its end; null while it has none. */
export function tookMs(job: VideoJob): number | null {
  return job.completed_at === null ? null : (job.completed_at - job.created_at) * 1000;
}

/** Width to height, for the player's room before the video is there; null where the size says none. */
export function aspectOf(size: string | null): string | null {
  const match = /^(\d+)x(\d+)$/.exec(size ?? '');
  return match === null ? null : `${match[1]} / ${match[2]}`;
}

/** The id of its usage record: the job's own, as ids are written there. */
export function recordOf(job: VideoJob): string {
  return job.id.replace(/^video_(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
