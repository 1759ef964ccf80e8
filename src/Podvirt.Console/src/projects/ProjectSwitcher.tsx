import { NativeSelect } from '@mantine/core';
import { useProject } from './useProject';

/** Nothing where there is only one project to work for. */
export function ProjectSwitcher() {
  const { projects, project, choose } = useProject();
  if (project === null || projects.length < 2) return null;
  return (
    <NativeSelect
      size="xs"
      label="Project"
      value={project.id}
      onChange={(event) => choose(event.currentTarget.value)}
      data={projects.map(({ id, name }) => ({ value: id, label: name }))}
    />
  );
}
