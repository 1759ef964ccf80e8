import react from '@vitejs/plugin-react';
import { defineConfig } from 'vitest/config';
import { precompress } from './build/precompress.ts';

// The development server passes the API on to a running `podvirt serve`.
const server = process.env['PODVIRT_LISTEN'] ?? 'http://127.0.0.1:8080';

export default defineConfig({
  plugins: [react(), precompress()],
  // The server puts a fresh nonce in its place, in the page and in the policy.
  html: { cspNonce: '%STYLE_NONCE%' },
  server: { proxy: { '/api': server, '/v1': server } },
  build: {
    target: 'es2022',
    // The first versions with light-dark(), which an older target would rewrite into something that needs its own switch.
    cssTarget: ['chrome123', 'firefox120', 'safari17.5'],
    // The content security policy allows no data: scripts or fonts; keep every asset a file.
    assetsInlineLimit: 0,
    // The chat page's Markdown is the largest piece; it loads with that page only.
    chunkSizeWarningLimit: 700,
    modulePreload: { polyfill: false },
  },
  test: { include: ['src/**/*.test.ts'], environment: 'node' },
});
