import { useEffect, useState } from 'react';
import { ApiError } from '../http/api';

/** Seconds that are left of the wait which the server asked for; 0 where it asked for none. */
export function useWait(error: unknown): number {
  const [until, setUntil] = useState(0);
  const [now, setNow] = useState(0);

  useEffect(() => {
    const seconds = error instanceof ApiError && error.status === 429 ? (error.retryAfterSeconds ?? 0) : 0;
    setNow(Date.now());
    setUntil(seconds === 0 ? 0 : Date.now() + seconds * 1000);
  }, [error]);

  const left = Math.max(0, Math.ceil((until - now) / 1000));
  useEffect(() => {
    if (left === 0) return;
    const timer = setTimeout(() => setNow(Date.now()), 1000);
    return () => clearTimeout(timer);
  }, [left, now]);
  return left;
}
