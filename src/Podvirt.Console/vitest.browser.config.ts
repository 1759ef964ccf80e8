import { defineConfig } from 'vitest/config';

// Drives the built console in a real browser against the mock API; set CHROMIUM to another binary if needed.
export default defineConfig({
  test: {
    include: ['browser/**/*.check.ts'],
    fileParallelism: false,
    testTimeout: 60_000,
    hookTimeout: 60_000,
  },
});
