import { useQuery } from '@tanstack/react-query';
import { getJson } from '../http/api';

/** One frame of the response: exactly what came, and when, in microseconds after the request was sent. */
export interface WireFrame {
  n: number;
  at_us: number;
  text: string;
}

/** Part of `GET /api/answers/{id}/frames`: the request, and as many frames as fit after the one asked for. Null: nothing has come back so far. */
export interface FramePage {
  request: { method: string; path: string; headers: Record<string, string>; body: string };
  status: number | null;
  headers: Record<string, string> | null;
  frames: WireFrame[];
  /** The number to ask for next; null at the end. */
  next: number | null;
  /** More came than is kept. */
  truncated: boolean;
}

/** `after` null asks for the first page. */
export function useFrames(id: string, after: number | null, running: boolean) {
  return useQuery({
    queryKey: ['frames', id, after, running],
    queryFn: ({ signal }) =>
      getJson<FramePage>(`/api/answers/${encodeURIComponent(id)}/frames${after === null ? '' : `?after=${after}`}`, signal),
    // The bytes of an answer that is over do not change; those of one page are enough to hold.
    staleTime: running ? 0 : Infinity,
    gcTime: 30_000,
  });
}

/** +12.3 ms · +4.056 s */
export function formatAt(us: number): string {
  return us < 1_000_000 ? `+${(us / 1_000).toFixed(1)} ms` : `+${(us / 1_000_000).toFixed(3)} s`;
}
