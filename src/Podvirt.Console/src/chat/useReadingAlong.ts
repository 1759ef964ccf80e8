import { useEffect, useRef, useState } from 'react';

/** Within this many pixels of the end counts as reading along. */
const nearEndPx = 48;

/** Keeps a reader at the end of a growing list there, and leaves one who scrolled up in peace. A new `place` brings the end into view. */
export function useReadingAlong(place: string) {
  const list = useRef<HTMLDivElement>(null);
  const following = useRef(true);
  const lastTop = useRef(0);
  const [away, setAway] = useState(false);

  const scroll = () => {
    const element = list.current;
    if (element !== null) element.scrollTop = element.scrollHeight;
  };

  useEffect(() => {
    following.current = true;
    scroll();
  }, [place]);

  useEffect(() => {
    const frame = list.current;
    const content = frame?.firstElementChild;
    if (!frame || !content) return;
    const observer = new ResizeObserver(() => {
      if (following.current) scroll();
    });
    observer.observe(content);
    observer.observe(frame);
    return () => observer.disconnect();
  }, []);

  const onScroll = () => {
    const element = list.current;
    if (element === null) return;
    const nearEnd = element.scrollHeight - element.scrollTop - element.clientHeight < nearEndPx;
    // This event may come after more has been added, so far from the end alone is no sign: only a reader moves up.
    if (nearEnd) following.current = true;
    else if (element.scrollTop < lastTop.current) following.current = false;
    lastTop.current = element.scrollTop;
    setAway(!following.current);
  };

  const toEnd = () => {
    following.current = true;
    scroll();
    list.current?.focus();
  };

  return { list, away, onScroll, toEnd };
}
