import { formatTime, formatUtc } from './time';

/** A time by the reader's clock; the exact one of UTC is at hand. */
export function Moment({ at }: { at: string }) {
  return (
    <time dateTime={at} title={formatUtc(at)} className="tabular">
      {formatTime(at)}
    </time>
  );
}
