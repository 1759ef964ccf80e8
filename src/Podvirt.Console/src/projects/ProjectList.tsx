import { Button, Skeleton } from '@mantine/core';
import { useState, type ReactNode } from 'react';
import { messageOf } from '../http/api';
import { formatDay } from '../models/moments';
import { Fact } from '../shell/Fact';
import { NewChatIcon as AddIcon } from '../shell/icons';
import { Notice } from '../shell/Notice';
import rows from '../shell/Rows.module.css';
import { StateTag } from '../shell/StateTag';
import { ProjectDialog, type ProjectTask } from './ProjectDialog';
import { defaultProject, unlimited, useProjects, type Project } from './useProjects';

/** All projects, for admins. */
export function ProjectList() {
  const projects = useProjects();
  const [task, setTask] = useState<ProjectTask>({ kind: 'create' });
  const [opened, setOpened] = useState(false);
  const [done, setDone] = useState('');
  const begin = (next: ProjectTask) => {
    setDone('');
    setTask(next);
    setOpened(true);
  };

  let content: ReactNode;
  if (projects.data !== undefined) {
    content = (
      <ul className={rows.rows} aria-label="Projects">
        {inOrder(projects.data).map((project) => (
          <ProjectRow key={project.id} project={project} onTask={begin} />
        ))}
      </ul>
    );
  } else if (projects.isError) {
    content = (
      <Notice tone="failed" title="The projects could not be loaded" action={{ label: 'Try again', run: () => void projects.refetch() }}>
        {messageOf(projects.error)}
      </Notice>
    );
  } else {
    content = <Skeleton height={130} role="status" aria-label="Loading the projects" />;
  }

  return (
    <>
      <div className={rows.bar}>
        <Button leftSection={<AddIcon size={16} />} onClick={() => begin({ kind: 'create' })} aria-haspopup="dialog">
          New project
        </Button>
      </div>
      <p className="visually-hidden" role="status">
        {done}
      </p>
      {content}
      <ProjectDialog
        task={task}
        opened={opened}
        onClose={(what) => {
          setOpened(false);
          setDone(what ?? '');
        }}
      />
    </>
  );
}

/** Archived ones last, then by name. */
function inOrder(projects: readonly Project[]): Project[] {
  const place = (project: Project) => (project.archived_at === null ? 0 : 1);
  return [...projects].sort((a, b) => place(a) - place(b) || a.name.localeCompare(b.name, 'en', { numeric: true }));
}

function ProjectRow({ project, onTask }: { project: Project; onTask: (task: ProjectTask) => void }) {
  const archived = project.archived_at !== null;
  const switching = archived ? 'restore' : 'archive';
  return (
    <li className={rows.row}>
      <div className={rows.rowHead}>
        <h2 className={rows.name}>{project.name}</h2>
        {archived ? <StateTag tone="calm">Archived</StateTag> : <StateTag tone="good">Active</StateTag>}
        <code className={rows.code}>{project.id}</code>
      </div>
      <dl className={rows.facts}>
        <Fact label="Plan" value={project.plan === unlimited ? 'Unlimited' : project.plan} />
        <Fact label="Since" value={formatDay(project.created_at)} />
        {project.archived_at !== null && <Fact label="Archived" value={formatDay(project.archived_at)} />}
      </dl>
      <div className={rows.actions}>
        <Button size="xs" variant="default" aria-label={`Edit ${project.name}`} aria-haspopup="dialog" onClick={() => onTask({ kind: 'edit', project })}>
          Edit
        </Button>
        {project.id !== defaultProject && (
          <Button
            size="xs"
            variant="default"
            aria-label={`${archived ? 'Restore' : 'Archive'} ${project.name}`}
            aria-haspopup="dialog"
            onClick={() => onTask({ kind: switching, project })}
          >
            {archived ? 'Restore' : 'Archive'}
          </Button>
        )}
      </div>
    </li>
  );
}
