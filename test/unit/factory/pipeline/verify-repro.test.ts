import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test, vi } from 'vitest';
import { EXIT_STATUS } from '../../../../src/common/errors/factory-error.ts';
import { verifyRepro } from '../../../../src/factory/pipeline/verify-repro.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** The failure of a comparison whose builds print these lines and fail. */
async function failureAfter(...lines: readonly string[]) {
  const script = ['#!/bin/sh', ...lines.map((line) => `echo '${line}' >&2`), 'exit 9', ''].join('\n');
  const home = plant(temporaryDirectory(), { build: script });
  chmodSync(join(home, 'build'), 0o755);
  vi.stubEnv('KAIROS_FACTORY_CACHE', join(home, 'cache'));
  const shown: string[] = [];
  const error = await failureOf(() =>
    verifyRepro([], {
      program: [join(home, 'build')],
      flags: [],
      onLine: (line) => shown.push(line),
      onLog: () => undefined,
    }),
  );
  expect(shown).toEqual(lines);
  return { code: error.code, status: EXIT_STATUS[error.kind], message: error.message };
}

const message = 'the first build failed';

test.each([
  ['CONFIG_INVALID', 2],
  ['TOOL_MISSING', 3],
  ['SECRET_FOUND', 5],
] as const)('a build that ends with %s ends verify-repro with %i', async (code, status) => {
  expect(await failureAfter('error: no', `  code: ${code}`)).toEqual({ code, status, message });
});

test.each([['  code: TOOL_FAILED'], ['  code: NOT_A_CODE'], ['no code at all']])(
  'a step that failed is a failed build: %s',
  async (line) => {
    expect(await failureAfter(line)).toEqual({ code: 'REBUILD_FAILED', status: 4, message });
  },
);
