import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { appendSummary, renderSummary } from '../../../../src/factory/cli/render-summary.ts';
import type { TargetsReport } from '../../../../src/factory/pipeline/build-report.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const REPORT = {
  targets: [
    {
      status: 'done',
      output: resolve('build'),
      manifest: {
        release: { KAIROS_NAME: 'kairos-core-debian-12', KAIROS_VERSION: 'v1.2.3' },
        artifacts: [{ kind: 'iso', file: 'os.iso', size: 3 * 1024 ** 2, sha256: 'abc' }],
      },
      signatures: { signer: 'release.key' },
      steps: [{ id: 'a', seconds: 1, cached: true }],
      seconds: 2,
    },
    { name: 'second', status: 'failed', error: new Error('no room') },
    { name: 'third', status: 'cancelled' },
  ],
  seconds: 12.6,
} as unknown as TargetsReport;
const PUSHED = { reference: 'registry.example.com/os', digest: 'sha256:def', tags: ['v1.2.3', 'stable'] };

describe('the summary of a run', () => {
  test('is Markdown with a table of the artifacts of each target, and the pushed digests', () => {
    expect(renderSummary(REPORT, [PUSHED])).toMatchInlineSnapshot(`
      "### OS image

      kairos-core-debian-12 v1.2.3 in \`build\`, signed by release.key; 1 of 1 steps from the cache.

      | artifact | file | size | sha256 |
      | --- | --- | ---: | --- |
      | iso | \`os.iso\` | 3.0 MiB | \`abc\` |

      ### second

      Failed: no room

      ### third

      Cancelled.

      Pushed \`registry.example.com/os@sha256:def\`, tagged \`v1.2.3\`, \`stable\`.

      Built by kairos-factory in 13 s.
      "
    `);
  });

  test('is appended to what the file has', async () => {
    const file = join(temporaryDirectory(), 'summary.md');
    await appendSummary(file, REPORT, []);
    await appendSummary(file, REPORT, []);
    expect(readFileSync(file, 'utf8').match(/^### OS image$/gm)).toHaveLength(2);
    await appendSummary(undefined, REPORT, []);
  });

  test('names the file that cannot be written', async () => {
    const failure = await failureOf(() => appendSummary('/proc/nothing/summary.md', REPORT, []));
    expect(failure).toMatchObject({ code: 'OUTPUT_UNWRITABLE', remedy: expect.stringContaining('complete') });
  });
});
