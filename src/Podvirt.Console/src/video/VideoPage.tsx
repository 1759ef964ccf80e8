import { useCallback, useRef, useState } from 'react';
import type { ModelView } from '../models/model';
import { useProject } from '../projects/useProject';
import type { SessionProject } from '../session/session';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { draftOf, emptyDraft, type VideoDraft } from './draft';
import type { VideoJob } from './job';
import { useVideoChanges } from './useVideos';
import { VideoForm } from './VideoForm';
import { VideoHeader } from './VideoHeader';
import { VideoList } from './VideoList';
import classes from './VideoPage.module.css';

/** Videos of one model: the form for a new one, and those that the chosen project had made. */
export function VideoPage({ model }: { model: ModelView }) {
  const { project } = useProject();
  const [draft, setDraft] = useState(() => emptyDraft(model.video));
  return (
    <div className={pageClasses.page}>
      <VideoHeader model={model} />
      {project === null ? (
        <Notice title="No project to bill a video to" action={{ label: 'Look again', run: () => window.location.reload() }}>
          Every video belongs to a project. An admin can let you into one.
        </Notice>
      ) : (
        // What is typed goes along to another project; its videos do not.
        <Videos key={project.id} model={model} project={project} draft={draft} onDraft={setDraft} />
      )}
    </div>
  );
}

interface VideosProps {
  model: ModelView;
  project: SessionProject;
  draft: VideoDraft;
  onDraft: (draft: VideoDraft) => void;
}

function Videos({ model, project, draft, onDraft }: VideosProps) {
  const { create } = useVideoChanges(project.id, model.id);
  const { reset } = create;
  const prompt = useRef<HTMLTextAreaElement>(null);
  // The video made last is shown once it is there, unless another one was asked for.
  const [made, setMade] = useState<string | null>(null);

  const begin = useCallback(() => prompt.current?.focus(), []);
  const reuse = useCallback(
    (job: VideoJob) => {
      onDraft(draftOf(job, model.video));
      reset();
      begin();
    },
    [onDraft, model.video, reset, begin],
  );

  return (
    <div className={classes.body}>
      <VideoForm
        model={model}
        project={project}
        draft={draft}
        onDraft={onDraft}
        prompt={prompt}
        busy={create.isPending}
        error={create.error}
        onSubmit={(form) => create.mutate(form, { onSuccess: ({ id }) => setMade(id) })}
      />
      <VideoList model={model} project={project} made={made} onReuse={reuse} onBegin={begin} />
    </div>
  );
}
