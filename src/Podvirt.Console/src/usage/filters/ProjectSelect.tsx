import { NativeSelect } from '@mantine/core';
import { useProject } from '../../projects/useProject';
import { useChangeParams } from '../../shell/useChangeParams';
import { allProjects, type Scope } from './scope';

/** Whose usage is shown. A project chosen here is chosen for the console; nothing where there is nothing to choose. */
export function ProjectSelect({ scope }: { scope: Scope }) {
  const changeParams = useChangeParams();
  const { choose } = useProject();
  const { projects, project, isAdmin } = scope;
  if (!isAdmin && projects.length < 2) return null;
  const unknown = project !== null && !projects.some(({ id }) => id === project);
  return (
    <NativeSelect
      label="Project"
      value={project ?? allProjects}
      onChange={(event) => {
        const id = event.currentTarget.value;
        // Keys belong to projects.
        changeParams((current) => {
          const next = new URLSearchParams(current);
          for (const name of ['project', 'key', 'after']) next.delete(name);
          if (id === allProjects) next.set('project', id);
          return next;
        });
        if (id !== allProjects) choose(id);
      }}
      data={[
        ...(isAdmin ? [{ value: allProjects, label: 'All projects' }] : []),
        ...projects.map(({ id, name }) => ({ value: id, label: name })),
        ...(unknown ? [{ value: project, label: project }] : []),
      ]}
    />
  );
}
