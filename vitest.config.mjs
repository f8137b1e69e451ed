import { defineConfig } from 'vitest/config';

// Tests are compiled by tsc with the rooms they test and run from dist: what is tested is what ships.
export default defineConfig({
  test: {
    include: ['packages/*/dist/**/*.test.js', 'packages/web/dist-e2e/**/*.test.js'],
    exclude: ['**/node_modules/**'],
    pool: 'forks',
    // Suites that start PostgreSQL, train or run the command line wait on real processes, on machines of two slow cores.
    testTimeout: 120_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
  },
});
