import { Button } from '@mantine/core';
import { useState } from 'react';
import { messageOf } from '../http/api';
import type { ModelView } from '../models/model';
import { Confirm } from '../shell/Confirm';
import { PlayIcon } from '../shell/icons';
import rows from '../shell/Rows.module.css';
import { StateTag } from '../shell/StateTag';
import { Waiting } from '../shell/Waiting';
import { isUnfinished, jobLine, states, waitsSince, type VideoJob } from './job';
import { JobFacts } from './JobFacts';
import { Player } from './Player';
import { contentPath, downloadPath } from './requests';
import { useVideoChanges } from './useVideos';
import classes from './VideoRow.module.css';

interface VideoRowProps {
  job: VideoJob;
  model: ModelView;
  project: string;
  /** When the list was read. */
  now: number;
  shown: boolean;
  /** It was chosen to be shown, so that it may begin to play. */
  asked: boolean;
  onShow: (show: boolean) => void;
  onReuse: (job: VideoJob) => void;
  onDeleted: () => void;
}

export function VideoRow({ job, model, project, now, shown, asked, onShow, onReuse, onDeleted }: VideoRowProps) {
  const [deleting, setDeleting] = useState(false);
  const { remove } = useVideoChanges(project, job.model);
  const { tone, word } = states[job.status];
  const unfinished = isUnfinished(job);
  const playing = shown && job.status === 'completed';
  const of = `: ${job.prompt}`;
  return (
    <li className={rows.row}>
      <div className={classes.head}>
        <h3 className={classes.prompt} data-whole={shown || undefined} title={job.prompt}>
          {job.prompt}
        </h3>
        <StateTag tone={tone}>{word}</StateTag>
      </div>
      {unfinished && (
        <div className={classes.waiting}>
          <Waiting since={waitsSince(job)} line={(waitedMs) => jobLine(job, model, waitedMs)} />
          <progress className={classes.progress} max={100} value={job.status === 'queued' ? 0 : job.progress} aria-label={`Progress${of}`} />
        </div>
      )}
      {job.error !== null && (
        <p className={rows.note} data-tone="bad">
          {job.error.message}
        </p>
      )}
      {playing && <Player job={job} source={contentPath(project, job.id)} autoPlay={asked} onPlay={() => onShow(true)} />}
      <JobFacts job={job} now={now} />
      {deleting ? (
        <div className={classes.confirm}>
          <Confirm
            question={unfinished ? 'Cancel it? The engine stops, and it leaves the list.' : 'Delete this video and its file? Its usage record stays.'}
            label={unfinished ? 'Cancel it' : 'Delete'}
            busy={remove.isPending}
            onConfirm={() => remove.mutate(job.id, { onSuccess: onDeleted })}
            onCancel={() => setDeleting(false)}
          />
        </div>
      ) : (
        <div className={rows.actions}>
          {job.status === 'completed' && (
            <>
              <Button
                size="xs"
                variant="light"
                leftSection={playing ? null : <PlayIcon size={14} />}
                aria-expanded={playing}
                aria-label={`${playing ? 'Hide' : 'Show'}${of}`}
                onClick={() => onShow(!playing)}
              >
                {playing ? 'Hide' : 'Show'}
              </Button>
              <Button size="xs" variant="default" component="a" href={downloadPath(project, job.id)} download aria-label={`Download${of}`}>
                Download
              </Button>
            </>
          )}
          <Button size="xs" variant="default" onClick={() => onReuse(job)} aria-label={`${job.status === 'failed' ? 'Try again' : 'Use these settings'}${of}`}>
            {job.status === 'failed' ? 'Try again' : 'Use these settings'}
          </Button>
          <Button size="xs" variant="default" className={classes.danger} onClick={() => setDeleting(true)} aria-label={`${unfinished ? 'Cancel' : 'Delete'}${of}`}>
            {unfinished ? 'Cancel' : 'Delete'}
          </Button>
        </div>
      )}
      {remove.error !== null && (
        <p className={rows.note} data-tone="bad" role="alert">
          {messageOf(remove.error)}
        </p>
      )}
    </li>
  );
}
