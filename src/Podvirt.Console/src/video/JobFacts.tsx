import { Link } from 'react-router';
import { formatMoney } from '../charts/money';
import { formatBytes, formatSeconds } from '../models/format';
import { formatDay, formatDistance } from '../models/moments';
import { Fact } from '../shell/Fact';
import rows from '../shell/Rows.module.css';
import { requestPath } from '../usage/requests/address';
import classes from './JobFacts.module.css';
import { isUnfinished, lengthWords, recordOf, sizeWords, startWords, tookMs, type VideoJob } from './job';

const isoOf = (seconds: number) => new Date(seconds * 1000).toISOString();

/** What was asked for, what it took and what it cost. What is not known yet is left out. */
export function JobFacts({ job, now }: { job: VideoJob; now: number }) {
  const { podvirt } = job;
  const took = tookMs(job);
  return (
    <dl className={`${rows.facts} ${classes.facts}`}>
      {job.size && <Fact label="Size" value={sizeWords(job.size)} />}
      {job.seconds && <Fact label="Length" value={lengthWords(job.seconds)} />}
      {(podvirt.started_at !== null || podvirt.cold_start) && (
        <Fact label="Start" value={podvirt.started_at === null ? 'Cold' : startWords(podvirt)} />
      )}
      {podvirt.attempts > 1 && <Fact label="Attempts" value={String(podvirt.attempts)} />}
      {took !== null && <Fact label="Took" value={formatSeconds(took)} />}
      {podvirt.cost !== null && (
        <Fact
          label="Cost"
          value={
            <Link to={requestPath(recordOf(job))} className={classes.link}>
              {formatMoney(podvirt.cost)}
            </Link>
          }
        />
      )}
      {podvirt.video_seconds !== null && <Fact label="Billed" value={lengthWords(podvirt.video_seconds)} />}
      {podvirt.file_bytes !== null && <Fact label="File" value={formatBytes(podvirt.file_bytes)} />}
      <Fact label="Asked" value={formatDistance(isoOf(job.created_at), now)} />
      {!isUnfinished(job) && job.expires_at !== null && <Fact label="Kept until" value={formatDay(isoOf(job.expires_at))} />}
    </dl>
  );
}
