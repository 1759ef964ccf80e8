import { Button } from '@mantine/core';
import { useState } from 'react';
import { ApiError, messageOf } from '../http/api';
import { CopyButton } from './CopyButton';
import { curlOf } from './curl';
import { formatAt, useFrames, type FramePage } from './frames';
import classes from './FramesView.module.css';

interface FramesViewProps {
  id: string;
  until: string | null;
  running: boolean;
}

/** The exact bytes of request and response. One page of frames at a time: an answer may have a hundred thousand. */
export default function FramesView({ id, until, running }: FramesViewProps) {
  // Where each page began that was passed on the way to the one shown.
  const [path, setPath] = useState<(number | null)[]>([null]);
  const page = useFrames(id, path.at(-1) ?? null, running);

  if (page.isError) {
    const gone = page.error instanceof ApiError && page.error.status === 404;
    return (
      <div className={classes.notice} role={gone ? undefined : 'alert'}>
        <p>
          {gone && running
            ? 'The request is on its way; nothing is written down so far.'
            : gone
            ? 'The bytes of this answer are not kept any more. The answer itself and its usage record stay.'
            : `The frames could not be loaded. ${messageOf(page.error)}`}
        </p>
        {(!gone || running) && (
          <Button size="xs" variant="default" onClick={() => void page.refetch()}>
            Try again
          </Button>
        )}
      </div>
    );
  }
  if (page.data === undefined) return <p className={classes.notice}>Loading the frames…</p>;
  const { data } = page;
  return (
    <div className={classes.view}>
      <p className={classes.kept}>
        {until === null ? 'Kept for a while after the answer.' : `Kept until ${new Date(until).toLocaleString()}.`}
        {data.truncated && ' There were more frames than are kept.'}
      </p>
      <Request page={data} />
      <section aria-label="Response" className={classes.part}>
        <h3 className={classes.title}>Response {data.status ?? ''}</h3>
        <Headers headers={data.headers} />
        {data.frames.length === 0 ? (
          <p className={classes.kept}>{running ? 'No frame so far.' : 'No frame came.'}</p>
        ) : (
          <ol className={classes.frames} aria-label="Frames" tabIndex={0}>
            {data.frames.map((frame) => (
              <li key={frame.n} className={classes.frame}>
                <span className={`${classes.at} tabular`}>
                  #{frame.n} {formatAt(frame.at_us)}
                </span>
                <pre className={classes.bytes}>{frame.text}</pre>
              </li>
            ))}
          </ol>
        )}
        <nav className={classes.pager} aria-label="Pages of frames">
          <Button size="xs" variant="default" disabled={path.length === 1} onClick={() => setPath(path.slice(0, -1))}>
            Earlier frames
          </Button>
          <span className="tabular">{range(data)}</span>
          <Button
            size="xs"
            variant="default"
            disabled={data.next === null && !running}
            onClick={() => (data.next === null ? void page.refetch() : setPath([...path, data.next]))}
          >
            {data.next === null && running ? 'Look again' : 'Later frames'}
          </Button>
        </nav>
      </section>
    </div>
  );
}

function Request({ page: { request } }: { page: FramePage }) {
  return (
    <section aria-label="Request" className={classes.part}>
      <div className={classes.line}>
        <h3 className={classes.title}>
          Request <code>{`${request.method} ${request.path}`}</code>
        </h3>
        <CopyButton text={() => curlOf(window.location.origin, request.body)} label="Copy as curl">
          Copy as curl
        </CopyButton>
      </div>
      <Headers headers={request.headers} />
      <pre className={classes.body} tabIndex={0} aria-label="Body of the request">
        {request.body}
      </pre>
    </section>
  );
}

function Headers({ headers }: { headers: Record<string, string> | null }) {
  const lines = Object.entries(headers ?? {}).map(([name, value]) => `${name}: ${value}`);
  if (lines.length === 0) return null;
  return (
    <details className={classes.headers}>
      <summary>{lines.length === 1 ? '1 header' : `${lines.length} headers`}</summary>
      <pre className={classes.bytes}>{lines.join('\n')}</pre>
    </details>
  );
}

function range({ frames }: FramePage): string {
  const [first, last] = [frames[0], frames.at(-1)];
  return first === undefined || last === undefined ? '' : `Frames ${first.n} to ${last.n}`;
}
