import { useMemo } from 'react';
import { useModels } from '../../live/ModelFeed';
import { useProject } from '../../projects/useProject';
import { useAsk } from '../ask';
import type { KeyHead, List } from '../wire';
import { formatRowTime } from '../time';
import type { Group } from './filters';

export interface Names {
  models: readonly { id: string; name: string }[];
  keys: readonly KeyHead[];
  key: (id: string) => string;
  project: (id: string) => string;
}

/** What usage without a key is called: the console's own chats have none. */
export const keyless = 'Playground (no key)';

/** What ids stand for, as far as the console knows. Ids that are gone stay ids. */
export function useNames(project: string | null): Names {
  const models = useModels().data;
  const { projects } = useProject();
  const keys = useAsk<List<KeyHead>>(['keys', project], () => `/api/keys${project === null ? '' : `?project=${encodeURIComponent(project)}`}`).data?.data;
  return useMemo(
    () => ({
      models: models ?? [],
      keys: keys ?? [],
      key: (id) => (id === '' ? keyless : (keys?.find((key) => key.id === id)?.name ?? id)),
      project: (id) => projects.find((known) => known.id === id)?.name ?? id,
    }),
    [models, keys, projects],
  );
}

export function outcomeLabel(outcome: string): string {
  return outcome.charAt(0).toUpperCase() + outcome.slice(1);
}

/** How a row of a report is called. */
export function rowLabel(group: Group, name: string, names: Names): string {
  switch (group) {
    case 'model':
      return name;
    case 'revision':
      return name.replace(/@(\d+)$/, ' · revision $1');
    case 'key':
      return names.key(name);
    case 'project':
      return names.project(name);
    case 'outcome':
      return outcomeLabel(name);
    case 'day':
    case 'hour':
      return formatRowTime(group, name);
  }
}
