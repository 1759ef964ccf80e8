import { useEffect } from 'react';

/** Esc anywhere on the page stops what runs; in a dialog, a side panel or a field that has its own use for it, it does not. */
export function useEscape(stop: (() => void) | null): void {
  useEffect(() => {
    if (stop === null) return;
    const onKeyDown = (event: KeyboardEvent) => {
      if (event.key !== 'Escape' || event.defaultPrevented) return;
      if (event.target instanceof Element && event.target.closest('[role=dialog], nav, aside') !== null) return;
      stop();
    };
    window.addEventListener('keydown', onKeyDown);
    return () => window.removeEventListener('keydown', onKeyDown);
  }, [stop]);
}
