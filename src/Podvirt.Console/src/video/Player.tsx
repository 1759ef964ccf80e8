import { useState } from 'react';
import { aspectOf, type VideoJob } from './job';
import classes from './Player.module.css';

interface PlayerProps {
  job: VideoJob;
  source: string;
  autoPlay: boolean;
  onPlay: () => void;
}

/** The video itself. The browser asks for the parts of the file that it needs. */
export function Player({ job, source, autoPlay, onPlay }: PlayerProps) {
  const [broken, setBroken] = useState(false);
  const aspect = aspectOf(job.size);
  return (
    <>
      <video
        className={classes.video}
        style={aspect === null ? undefined : { aspectRatio: aspect }}
        src={source}
        controls
        playsInline
        loop
        preload="metadata"
        autoPlay={autoPlay}
        aria-label={`Video: ${job.prompt}`}
        onPlay={onPlay}
        onError={() => setBroken(true)}
        onLoadedMetadata={() => setBroken(false)}
      />
      {broken && (
        <p className={classes.broken} role="alert">
          This browser cannot play the file. It may be gone, or of a kind that needs another player: try to download it.
        </p>
      )}
    </>
  );
}
