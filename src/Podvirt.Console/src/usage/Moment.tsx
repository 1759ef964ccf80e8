import { formatShortTime, formatTime, formatUtc } from './time';

/** A time by the reader's clock; that of UTC is at hand. A short one has seconds, and no zone: the table around it names that. */
export function Moment({ at, short = false }: { at: string; short?: boolean }) {
  return (
    <time dateTime={at} title={formatUtc(at)} className="tabular">
      {short ? formatShortTime(at, Date.now()) : formatTime(at)}
    </time>
  );
}
