import type { ReactNode } from 'react';
import { messageOf } from '../http/api';
import { useModels } from '../live/ModelFeed';
import { Notice } from '../shell/Notice';
import pageClasses from '../shell/Page.module.css';
import { PageLoader } from '../shell/PageLoader';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import type { ModelView } from './model';

export const toModels = { label: 'To the models', to: '/inference/serverless' };

interface ModelOfAddressProps {
  id: string;
  /** The document's, by the model's name; null while that is not known. */
  title: (name: string | null) => string;
  children: (model: ModelView) => ReactNode;
}

/** The page of the model that an address names, and what is the matter where there is none. */
export function ModelOfAddress({ id, title, children }: ModelOfAddressProps) {
  const models = useModels();
  const model = models.data?.find((candidate) => candidate.id === id);
  useDocumentTitle(title(model?.name ?? null));

  if (model !== undefined) return children(model);
  if (models.isPending) return <PageLoader />;
  return (
    <div className={pageClasses.page}>
      {models.data === undefined ? (
        <Notice
          level={1}
          tone="failed"
          title="The model could not be loaded"
          action={{ label: 'Try again', run: () => void models.refetch() }}
        >
          {messageOf(models.error)}
        </Notice>
      ) : (
        <Notice level={1} title="No such model" action={toModels}>
          The catalog has no model with the id <code>{id}</code>. It may have been renamed or removed.
        </Notice>
      )}
    </div>
  );
}
