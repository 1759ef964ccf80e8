import { Pagination, Text } from '@mantine/core';
import { useMemo, useRef } from 'react';
import { useModelSpeeds } from '../models/figures';
import { formatCount, plural } from '../models/format';
import type { ModelView } from '../models/model';
import { useProject } from '../projects/useProject';
import { useProjectUsage } from '../projects/usage';
import { useSession } from '../session/session';
import { Notice } from '../shell/Notice';
import { FilterBar } from './FilterBar';
import { ModelCard } from './ModelCard';
import { isFiltering, matching, noFilters, type Filters } from './filters';
import { pageOf } from './paging';
import { sorted, type Knowledge } from './sorting';
import classes from './CatalogPage.module.css';

interface ModelListProps {
  models: ModelView[];
  filters: Filters;
  onChange: (next: Filters) => void;
}

/** The models that the filters leave, in the order asked for, a page at a time. */
export function ModelList({ models, filters, onChange }: ModelListProps) {
  const known = useKnowledge();
  const { type, text, sort } = filters;
  const shown = useMemo(() => sorted(matching(models, { type, text }), sort, known), [models, type, text, sort, known]);
  const list = useRef<HTMLUListElement>(null);
  const slice = pageOf(shown, filters.page);

  return (
    <>
      <FilterBar filters={filters} onChange={onChange} />
      <p className="visually-hidden" role="status">
        {isFiltering(filters) ? `${plural(shown.length, 'model')} shown` : ''}
      </p>
      {shown.length === 0 ? (
        <div className={classes.none}>
          <Notice
            title="No model matches"
            action={{ label: 'Clear the filters', run: () => onChange({ ...noFilters, sort }) }}
          >
            None of the {plural(models.length, 'model')} has this type and these words in its name, vendor, type or id.
          </Notice>
        </div>
      ) : (
        <ul className={classes.grid} aria-label="Models" ref={list} tabIndex={-1}>
          {slice.items.map((model) => (
            <ModelCard
              key={model.id}
              model={model}
              usage={known.usage.get(model.id) ?? null}
              speed={known.speeds.get(model.id) ?? null}
            />
          ))}
        </ul>
      )}
      {slice.pages > 1 && (
        <nav className={classes.pages} aria-label="Pages of models">
          <Text size="sm" c="dimmed" className="tabular">
            {formatCount(slice.first)} to {formatCount(slice.last)} of {plural(shown.length, 'model')}
          </Text>
          <Pagination
            size="sm"
            total={slice.pages}
            value={slice.page}
            onChange={(page) => {
              onChange({ ...filters, page });
              // The list begins anew: the reader and the eyes go there, past the filters.
              list.current?.focus();
              list.current?.scrollIntoView({ block: 'start' });
            }}
            getItemProps={(page) => ({ 'aria-label': `Page ${page}` })}
            getControlProps={(control) => ({ 'aria-label': control === 'next' ? 'Next page' : 'Previous page' })}
          />
        </nav>
      )}
    </>
  );
}

/** A month's tokens are the chosen project's. Speed is everybody's for admins; a member sees what the project's own calls met. */
function useKnowledge(): Knowledge {
  const { project } = useProject();
  const session = useSession();
  const isAdmin = session.data?.role === 'admin';
  const usage = useProjectUsage(project?.id ?? null);
  const speeds = useModelSpeeds(isAdmin ? null : (project?.id ?? null), isAdmin || project !== null);
  return useMemo(
    () => ({ usage: new Map(usage.data?.models.map((of) => [of.model, of])), speeds: speeds.data ?? new Map<string, never>() }),
    [usage.data, speeds.data],
  );
}
