import '@mantine/core/styles.css';
import './shell/global.css';
import { MantineProvider } from '@mantine/core';
import { MutationCache, QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { setNonce } from 'get-nonce';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { BrowserRouter } from 'react-router';
import { ApiError } from './http/api';
import { Pages } from './Pages';
import { heedRefusal } from './session/session';
import { collectLink } from './session/links';
import { theme } from './shell/theme';

collectLink();

// Styles that libraries write into the page are applied only with the nonce that came with it.
const nonce = document.querySelector<HTMLMetaElement>('meta[property="csp-nonce"]')?.nonce ?? '';
setNonce(nonce);

const client: QueryClient = new QueryClient({
  // Whatever page it happens on: who is signed out sees the sign-in page, who lost a project the others.
  queryCache: new QueryCache({ onError: (error) => heedRefusal(client, error) }),
  mutationCache: new MutationCache({ onError: (error) => heedRefusal(client, error) }),
  defaultOptions: {
    queries: {
      // A refusal stays a refusal; only a server that could not be reached or stumbled is asked again.
      retry: (failures, error) => failures < 2 && !(error instanceof ApiError && error.status >= 400 && error.status < 500),
      retryDelay: (failures) => 400 * 2 ** failures,
      refetchOnWindowFocus: false,
    },
  },
});

const root = document.getElementById('root');
if (root === null) throw new Error('index.html has no #root');

createRoot(root).render(
  <StrictMode>
    <MantineProvider getStyleNonce={() => nonce} theme={theme} defaultColorScheme="auto">
      <QueryClientProvider client={client}>
        <BrowserRouter>
          <Pages />
        </BrowserRouter>
      </QueryClientProvider>
    </MantineProvider>
  </StrictMode>,
);
