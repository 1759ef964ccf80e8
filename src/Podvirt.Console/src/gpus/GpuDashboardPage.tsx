import { Title } from '@mantine/core';
import { Updated } from '../charts/Updated';
import pageClasses from '../shell/Page.module.css';
import { useDocumentTitle } from '../shell/useDocumentTitle';
import { useSummary } from './figures';
import { FiguresPanel } from './FiguresPanel';
import { GpusPanel } from './GpusPanel';
import { GpuTimePanel } from './GpuTimePanel';
import { ModelsPanel } from './ModelsPanel';
import { ScopeBar } from './ScopeBar';
import { useScope } from './scope';
import { SeriesPanels } from './SeriesPanels';
import { SpendPanel } from './SpendPanel';
import { SwapsPanel } from './SwapsPanel';
import { TransitionsPanel } from './TransitionsPanel';
import classes from './GpuDashboardPage.module.css';

export default function GpuDashboardPage() {
  useDocumentTitle('GPU Dashboard');
  const scope = useScope();
  const summary = useSummary(scope);
  return (
    <div className={`${pageClasses.page} ${classes.page}`}>
      <Title order={1} size="h3">
        GPU Dashboard
      </Title>
      <ModelsPanel />
      <GpusPanel />
      <ScopeBar scope={scope} note={summary.data === undefined ? 'Loading the figures' : <Updated at={summary.dataUpdatedAt} />} />
      <FiguresPanel scope={scope} />
      {summary.data !== undefined && summary.data.total.requests > 0 && (
        <>
          <SeriesPanels scope={scope} />
          <SpendPanel scope={scope} />
          <SwapsPanel scope={scope} />
        </>
      )}
      {scope.isAdmin && <GpuTimePanel scope={scope} />}
      <TransitionsPanel />
    </div>
  );
}
