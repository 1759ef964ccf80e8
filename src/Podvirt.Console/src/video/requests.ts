import { call, getJson, sendJson } from '../http/api';
import type { VideoJob } from './job';

export interface VideoList {
  data: VideoJob[];
  last_id: string | null;
  has_more: boolean;
}

const pageSize = 20;

const path = (project: string, id: string | null = null, part = '', more: Record<string, string> = {}) =>
  `/api/videos${id === null ? '' : `/${encodeURIComponent(id)}`}${part}?${new URLSearchParams({ project, ...more }).toString()}`;

/** One page, newest first, from behind `after`. */
export function listVideos(project: string, model: string, after: string | null, signal: AbortSignal): Promise<VideoList> {
  return getJson(path(project, null, '', { model, limit: String(pageSize), ...(after === null ? {} : { after }) }), signal);
}

export function createVideo(project: string, form: FormData): Promise<VideoJob> {
  return sendJson(path(project), 'POST', form);
}

/** Ends it where it runs, and takes it and its file away. */
export async function deleteVideo(project: string, id: string): Promise<void> {
  await call(path(project, id), { method: 'DELETE' });
}

export function contentPath(project: string, id: string): string {
  return path(project, id, '/content');
}

export function downloadPath(project: string, id: string): string {
  return path(project, id, '/content', { download: '1' });
}
