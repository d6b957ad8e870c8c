import { defineConfig } from 'vitest/config'

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: 'unit',
          // Every core: a good part of the time of a file is spent waiting for sockets and timers.
          maxWorkers: '100%',
          include: ['test/**/*.test.ts'],
          exclude: ['test/e2e/**'],
          globalSetup: ['test/support/temporary-folder.ts'],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          // Machines are slow now and then; what never comes true still fails.
          expect: { poll: { timeout: 10_000 } },
        },
      },
      {
        test: {
          name: 'e2e',
          include: ['test/e2e/**/*.test.ts'],
          // For what hangs: a test waits several times, each time with a bound of its own.
          testTimeout: 300_000,
          hookTimeout: 300_000,
          // One control plane on one machine: files take turns, so that timings and counts stay their own.
          fileParallelism: false,
        },
      },
    ],
  },
})
