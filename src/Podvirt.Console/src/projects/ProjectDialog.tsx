import { messageOf } from '../http/api';
import { Ask } from '../shell/Ask';
import { Dialog } from '../shell/Dialog';
import { ProjectForm } from './ProjectForm';
import { unlimited, useArchiveProject, useCreateProject, useUpdateProject, type Project } from './useProjects';

/** What the dialog is about. */
export type ProjectTask = { kind: 'create' } | { kind: 'edit' | 'archive' | 'restore'; project: Project };

interface ProjectDialogProps {
  task: ProjectTask;
  opened: boolean;
  /** `done`: what happened, in a sentence; null where nothing did. */
  onClose: (done: string | null) => void;
}

type OnClose = ProjectDialogProps['onClose'];

export function ProjectDialog({ task, opened, onClose }: ProjectDialogProps) {
  return (
    <Dialog opened={opened} onClose={() => onClose(null)} title={titleOf(task)}>
      {task.kind === 'create' && <Create onClose={onClose} />}
      {task.kind === 'edit' && <Edit project={task.project} onClose={onClose} />}
      {(task.kind === 'archive' || task.kind === 'restore') && (
        <Archive project={task.project} archive={task.kind === 'archive'} onClose={onClose} />
      )}
    </Dialog>
  );
}

function titleOf(task: ProjectTask): string {
  switch (task.kind) {
    case 'create':
      return 'New project';
    case 'edit':
      return `Edit ${task.project.name}`;
    case 'archive':
      return `Archive ${task.project.name}?`;
    case 'restore':
      return `Restore ${task.project.name}?`;
  }
}

function Create({ onClose }: { onClose: OnClose }) {
  const create = useCreateProject();
  return (
    <ProjectForm
      first={{ name: '', plan: unlimited }}
      action="Create the project"
      busy={create.isPending}
      error={create.error}
      onSubmit={(draft) => create.mutate(draft, { onSuccess: ({ name }) => onClose(`${name} is there.`) })}
      onCancel={() => onClose(null)}
    />
  );
}

function Edit({ project, onClose }: { project: Project; onClose: OnClose }) {
  const update = useUpdateProject(project.id);
  return (
    <ProjectForm
      first={project}
      action="Save"
      busy={update.isPending}
      error={update.error}
      onSubmit={({ name, plan }) => update.mutate({ name, plan }, { onSuccess: (changed) => onClose(`${changed.name} is changed, from now on.`) })}
      onCancel={() => onClose(null)}
    />
  );
}

function Archive({ project, archive, onClose }: { project: Project; archive: boolean; onClose: OnClose }) {
  const change = useArchiveProject(project.id);
  return (
    <Ask
      action={archive ? 'Archive' : 'Restore'}
      danger={archive}
      busy={change.isPending}
      problem={change.isError ? messageOf(change.error) : null}
      onConfirm={() =>
        change.mutate(archive, { onSuccess: () => onClose(`${project.name} is ${archive ? 'archived' : 'restored'}.`) })
      }
      onCancel={() => onClose(null)}
    >
      {archive
        ? 'Its keys are refused at once, and its members no longer see it. Records and invoices stay, and it can be restored.'
        : 'Its keys work again, and its members see it again.'}
    </Ask>
  );
}
