import { NativeSelect, SegmentedControl } from '@mantine/core';
import type { ReactNode } from 'react';
import { readerZone, zoneLabel } from '../charts/time';
import { useModels } from '../live/ModelFeed';
import { useProject } from '../projects/useProject';
import type { ChosenScope, Window } from './scope';
import classes from './GpuDashboardPage.module.css';

const all = '*';

/** Which time, projects and models the figures below it are about. */
export function ScopeBar({ scope, note }: { scope: ChosenScope; note: ReactNode }) {
  const { projects, project, choose } = useProject();
  const models = useModels().data ?? [];
  const ids = models.map(({ id }) => id);
  // A model that is gone, or a link from elsewhere, stays what the figures are about until somebody chooses.
  const known = scope.model === null || ids.includes(scope.model) ? ids : [scope.model, ...ids];
  return (
    <div className={classes.scope} role="group" aria-label="Figures shown">
      <SegmentedControl<Window>
        size="sm"
        aria-label="Time"
        value={scope.window}
        onChange={(window) => scope.change({ window })}
        data={[
          { value: '1h', label: 'Last 1 h' },
          { value: '24h', label: 'Last 24 h' },
        ]}
      />
      {scope.isAdmin && (
        <NativeSelect
          size="sm"
          aria-label="Project of the figures"
          value={scope.allProjects ? all : (project?.id ?? all)}
          onChange={({ currentTarget: { value } }) => {
            if (value !== all) choose(value);
            scope.change({ allProjects: value === all });
          }}
          data={[{ value: all, label: 'All projects' }, ...projects.map(({ id, name }) => ({ value: id, label: name }))]}
        />
      )}
      <NativeSelect
        size="sm"
        aria-label="Model of the figures"
        value={scope.model ?? all}
        onChange={({ currentTarget: { value } }) => scope.change({ model: value === all ? null : value })}
        data={[{ value: all, label: 'All models' }, ...known.map((id) => ({ value: id, label: id }))]}
      />
      <p className={classes.note}>
        {note} · Times in {zoneLabel(readerZone(), Date.now())}
      </p>
    </div>
  );
}
