import { defineConfig } from 'vitest/config';

/** Slow kinds run one file after the other: they share two cores and one image store. */
const slow = { fileParallelism: false, testTimeout: 1_200_000, hookTimeout: 1_800_000 };

export default defineConfig({
  test: {
    // scripts/test enables it. A failed test does not hide the coverage of the others.
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportOnFailure: true, clean: false },
    projects: [
      { test: { name: 'checks', include: ['test/checks/**/*.test.ts'], ...slow } },
      // Some start real tools: a busy machine must not fail them.
      { test: { name: 'unit', include: ['test/unit/**/*.test.ts'], testTimeout: 60_000 } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow } },
      { test: { name: 'vm', include: ['test/vm/**/*.test.ts'], ...slow } },
    ],
  },
});
