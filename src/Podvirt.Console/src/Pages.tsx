import { lazy } from 'react';
import { Navigate, Route, Routes, useLocation } from 'react-router';
import { CatalogPage } from './catalog/CatalogPage';
import { ModelFeed } from './live/ModelFeed';
import { videoModelId } from './models/address';
import { ProjectChoice } from './projects/ProjectChoice';
import { SessionGate } from './session/SessionGate';
import { ErrorBoundary } from './shell/ErrorBoundary';
import { NotFoundPage } from './shell/NotFoundPage';
import { Shell } from './shell/Shell';

// Markdown and highlighting weigh more than the rest of the console; only the chat page needs them.
const ChatRoute = lazy(() => import('./chat/ChatRoute'));
const VideoRoute = lazy(() => import('./video/VideoRoute'));
const ComparePage = lazy(() => import('./compare/ComparePage'));
const GpuDashboardPage = lazy(() => import('./gpus/GpuDashboardPage'));
const ApiKeysPage = lazy(() => import('./keys/ApiKeysPage'));
const UsagePages = lazy(() => import('./usage/UsagePages'));
const MembersPage = lazy(() => import('./members/MembersPage'));

export function Pages() {
  return (
    <ErrorBoundary resetKey="">
      <SessionGate>
        <ProjectChoice>
          <ModelFeed>
            <Routes>
              <Route element={<Shell />}>
                <Route index element={<Navigate to="/inference/serverless" replace />} />
                <Route path="inference" element={<Navigate to="/inference/serverless" replace />} />
                <Route path="inference/serverless" element={<CatalogPage />} />
                <Route path="inference/serverless/*" element={<ModelPage />} />
                <Route path="inference/compare" element={<ComparePage />} />
                <Route path="inference/gpu-dashboard" element={<GpuDashboardPage />} />
                <Route path="inference/api-keys" element={<ApiKeysPage />} />
                <Route path="inference/usage/*" element={<UsagePages />} />
                <Route path="inference/members" element={<MembersPage />} />
                <Route path="*" element={<NotFoundPage />} />
              </Route>
            </Routes>
          </ModelFeed>
        </ProjectChoice>
      </SessionGate>
    </ErrorBoundary>
  );
}

/** Ids may hold slashes, so that a pattern of the router cannot tell where one ends. */
function ModelPage() {
  return videoModelId(useLocation().pathname) === null ? <ChatRoute /> : <VideoRoute />;
}
