import { useEffect, useState } from 'react';
import { formatAgo } from './time';

/** "updated 12 s ago", kept true while it is looked at. Not announced: it would never be silent. */
export function Updated({ at }: { at: number }) {
  const [now, setNow] = useState(Date.now);
  useEffect(() => {
    setNow(Date.now());
    const timer = setInterval(() => setNow(Date.now()), 5_000);
    return () => clearInterval(timer);
  }, [at]);
  return <span className="tabular">updated {formatAgo(Math.max(0, now - at))}</span>;
}
