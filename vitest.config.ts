import { defineConfig } from 'vitest/config';

/** Slow kinds run one file after the other: they share two cores and one image store. */
const slow = { fileParallelism: false, testTimeout: 1_200_000, hookTimeout: 1_800_000 };

const ISOLATED = '**/*.isolated.test.ts';
/** Some start real tools: a busy machine must not fail them. What one replaces, the next one finds as it was. */
const unit = {
  ...{ testTimeout: 60_000, unstubEnvs: true, unstubGlobals: true, restoreMocks: true },
  setupFiles: ['test/unit/support/measure-processes.ts'],
};

export default defineConfig({
  test: {
    // Tests that wait leave processors unused.
    maxWorkers: '100%',
    // scripts/test enables it. A failed test does not hide the coverage of the others.
    coverage: { provider: 'v8', include: ['src/**/*.ts'], reportOnFailure: true, clean: false },
    projects: [
      { test: { name: 'checks', include: ['test/checks/**/*.test.ts'], ...slow } },
      // Files share the modules that they load, which halves the processor time. Files that replace modules need their own.
      {
        test: {
          name: 'unit',
          include: ['test/unit/**/*.test.ts'],
          exclude: [ISOLATED],
          isolate: false,
          ...unit,
        },
      },
      { test: { name: 'unit-isolated', include: [`test/unit/${ISOLATED}`], ...unit } },
      { test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow } },
      { test: { name: 'packaging', include: ['test/packaging/**/*.test.ts'], ...slow } },
      { test: { name: 'vm', include: ['test/vm/**/*.test.ts'], ...slow } },
    ],
  },
});
