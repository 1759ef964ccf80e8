import { Text, Title } from '@mantine/core';
import type { ReactNode } from 'react';
import { messageOf } from '../http/api';
import { useModels } from '../live/ModelFeed';
import { plural } from '../models/format';
import type { ModelView } from '../models/model';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { CatalogSkeleton } from './CatalogSkeleton';
import { ModelList } from './ModelList';
import { useFilters } from './useFilters';
import classes from './CatalogPage.module.css';

export function CatalogPage() {
  useDocumentTitle('Serverless models');
  const models = useModels();
  const [filters, change] = useFilters();

  let content: ReactNode;
  if (models.data !== undefined && models.data.length > 0) {
    content = <ModelList models={models.data} filters={filters} onChange={change} />;
  } else if (models.data !== undefined) {
    content = (
      <Notice title="No models yet" action={{ label: 'Look again', run: () => window.location.reload() }}>
        Add one under <code>models:</code> in <code>podvirt.yaml</code>, then run{' '}
        <code>podvirt apply -f podvirt.yaml</code>. It appears here at once.
      </Notice>
    );
  } else if (models.isError) {
    content = (
      <Notice
        tone="failed"
        title="The models could not be loaded"
        action={{ label: 'Try again', run: () => void models.refetch() }}
      >
        {messageOf(models.error)}
      </Notice>
    );
  } else {
    content = <CatalogSkeleton />;
  }

  return (
    <div className={pageClasses.page}>
      <header className={classes.head}>
        <Title order={1} size="h3">
          Serverless
        </Title>
        <Text size="sm" c="dimmed">
          {models.data === undefined ? 'Models that start when somebody calls them.' : summary(models.data)}
        </Text>
      </header>
      {content}
    </div>
  );
}

/** "7 models · 2 active · 1 warming up" */
function summary(models: ModelView[]): string {
  const parts = [plural(models.length, 'model')];
  for (const status of ['Active', 'Warming Up', 'Sleeping', 'Failed']) {
    const count = models.filter((model) => model.status === status).length;
    if (count > 0) parts.push(`${count} ${status.toLowerCase()}`);
  }
  return parts.join(' · ');
}
