import { lazy } from 'react';
import { Navigate, Route, Routes } from 'react-router';
import { CatalogPage } from './catalog/CatalogPage';
import { ModelFeed } from './live/ModelFeed';
import { SessionGate } from './session/SessionGate';
import { ErrorBoundary } from './shell/ErrorBoundary';
import { NotFoundPage } from './shell/NotFoundPage';
import { Shell } from './shell/Shell';

// Markdown and highlighting weigh more than the rest of the console; only the chat page needs them.
const ChatRoute = lazy(() => import('./chat/ChatRoute'));

export function Pages() {
  return (
    <ErrorBoundary resetKey="">
      <SessionGate>
        <ModelFeed>
          <Routes>
            <Route element={<Shell />}>
              <Route index element={<Navigate to="/inference/serverless" replace />} />
              <Route path="inference" element={<Navigate to="/inference/serverless" replace />} />
              <Route path="inference/serverless" element={<CatalogPage />} />
              <Route path="inference/serverless/*" element={<ChatRoute />} />
              <Route path="*" element={<NotFoundPage />} />
            </Route>
          </Routes>
        </ModelFeed>
      </SessionGate>
    </ErrorBoundary>
  );
}
