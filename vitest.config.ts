import { defineConfig } from 'vitest/config';

/**
 * One runner for every test. Unit tests stand beside the code they read (`*.test.ts`); simulation, replays and
 * browser tests live under `test/`. Workers are few on purpose: PostgreSQL and Chromium want the other core.
 */
export default defineConfig({
  test: {
    include: ['src/**/*.test.ts', 'test/**/*.test.ts'],
    pool: 'forks',
    // Most of a test waits for a database, a socket or a browser: a third worker fills the gaps of two cores.
    maxWorkers: 3,
    // Against a test that hangs, not one that is slow: a busy machine takes five times as long as an idle one.
    testTimeout: 240_000,
    hookTimeout: 240_000,
  },
});
