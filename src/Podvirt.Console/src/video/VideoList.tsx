import { Button, Skeleton } from '@mantine/core';
import { memo, useRef, useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import type { ModelView } from '../models/model';
import type { SessionProject } from '../session/session';
import { Notice } from '../shell/Notice';
import rows from '../shell/Rows.module.css';
import type { VideoJob } from './job';
import { useNews } from './useNews';
import { useVideos } from './useVideos';
import { VideoRow } from './VideoRow';
import classes from './VideoList.module.css';

interface VideoListProps {
  model: ModelView;
  project: SessionProject;
  /** The video that was asked for last on this page. */
  made: string | null;
  onReuse: (job: VideoJob) => void;
  onBegin: () => void;
}

/** What was made, newest first. Only the one that is shown loads its file. Typing in the form does not draw it again. */
export const VideoList = memo(function VideoList({ model, project, made, onReuse, onBegin }: VideoListProps) {
  const list = useVideos(project.id, model.id);
  const said = useNews(list.data, model);
  // Undefined: nobody chose; null: none should be shown.
  const [chosen, setChosen] = useState<string | null>();
  const shown = chosen === undefined ? made : chosen;
  const heading = useRef<HTMLHeadingElement>(null);

  let content: ReactNode;
  if (list.data !== undefined && list.data.length > 0) {
    content = (
      <>
        <ul className={rows.rows} aria-label="Videos">
          {list.data.map((job) => (
            <VideoRow
              key={job.id}
              job={job}
              model={model}
              project={project.id}
              now={list.dataUpdatedAt}
              shown={job.id === shown}
              asked={job.id === chosen}
              onShow={(show) => setChosen(show ? job.id : null)}
              onReuse={onReuse}
              onDeleted={() => heading.current?.focus()}
            />
          ))}
        </ul>
        {list.hasNextPage && (
          <Button className={rows.more} variant="default" size="xs" loading={list.isFetchingNextPage} onClick={() => void list.fetchNextPage()}>
            Older videos
          </Button>
        )}
      </>
    );
  } else if (list.data !== undefined) {
    content = (
      <Notice title="No videos yet" level={3} action={{ label: 'Describe the first one', run: onBegin }}>
        What {project.name} has made by {model.name} is kept here, also when you leave the page.
      </Notice>
    );
  } else if (list.isError) {
    content = (
      <Notice tone="failed" level={3} title="The videos could not be loaded" action={{ label: 'Try again', run: () => void list.refetch() }}>
        {messageOf(list.error)}
      </Notice>
    );
  } else {
    content = <Skeleton height={150} role="status" aria-label="Loading the videos" />;
  }

  return (
    <section aria-labelledby="videos" className={classes.list}>
      <h2 id="videos" ref={heading} tabIndex={-1} className={classes.heading}>
        Videos <span className={classes.of}>of {project.name}</span>
      </h2>
      {list.isError && list.data !== undefined && (
        <p className={classes.stale} role="status">
          The list may be old. {messageOf(list.error)}
        </p>
      )}
      {content}
      <p className="visually-hidden" role="status">
        {said}
      </p>
    </section>
  );
});
