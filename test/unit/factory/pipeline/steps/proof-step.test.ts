import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Prove } from '../../../../../src/factory/config/prove.ts';
import type { Results } from '../../../../../src/factory/pipeline/step.ts';
import { proofStep } from '../../../../../src/factory/pipeline/steps/proof-step.ts';
import type { ProofResult } from '../../../../../src/factory/prove/proof-result.ts';
import type { ProofRequest, prove } from '../../../../../src/factory/prove/prove.ts';
import { testResultStatement } from '../../../../../src/factory/prove/test-result.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { artifactsSpec } from '../../artifacts/support/inputs.ts';
import { testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const IMAGE = 'b'.repeat(64);
const { signal } = new AbortController();
const CHECK = { machine: 'os.raw on uefi', event: 'boot', check: 'mine.sh', seconds: 1 } as const;
const PASSED: ProofResult = { ...CHECK, output: '' };
const FAILED: ProofResult = { ...CHECK, output: 'one\n\ntwo', failure: 'the check ended with status 3' };

/** A build with a disk and an image, whose machine has a result. */
function built(result: ProofResult, life: readonly string[] = ['upgrade']) {
  const home = plant(temporaryDirectory(), {
    'output/os.raw': 'raw',
    'output/os.oci/index.json': JSON.stringify({ manifests: [{ digest: `sha256:${IMAGE}` }] }),
    'output/proof/old.console.log': 'an earlier proof',
    'mine.sh': 'true\n',
  });
  const output = join(home, 'output');
  const requests: ProofRequest[] = [];
  const fake: typeof prove = async (request) => {
    requests.push(request);
    const [junit, statement] = ['junit.xml', 'test-result.json'].map((name) => join(request.evidence, name));
    writeFileSync(junit ?? '', '<testsuites/>');
    writeFileSync(statement ?? '', JSON.stringify(testResultStatement([], [result], [])));
    const passed = result.failure === undefined;
    return { passed, results: [result], junit: junit ?? '', statement: statement ?? '' };
  };
  const env = testEnvironment({ partial: (name) => join(output, `.partial-${name}`) });
  const spec = Prove.parse({ life, checks: join(home, 'mine.sh'), kvm: false });
  const kinds = ['oci', 'raw'] as const;
  const options = { spec, kinds, arch: 'amd64', signal, proven: fake } as const;
  const step = proofStep(env, artifactsSpec({ output }), options);
  const sum = (file: string) => ({
    digest: 'c',
    files: {},
    facts: { file, sha256: 'c'.repeat(64), size: 3 },
  });
  const results: Results = new Map([
    ...imageResults(1_700_000_000),
    ['checksum:oci', sum(join(output, 'os.oci/index.json'))],
    ['checksum:raw', sum(join(output, 'os.raw'))],
  ]);
  return { step, results, output, requests, run: () => step.run(stepContext().context, results) };
}

describe('the step of a proof', () => {
  test('boots what boots, and is about the image as well', async () => {
    const { run, requests, output, step } = built(PASSED);
    await run();
    expect(requests).toMatchObject([
      {
        subjects: {
          artifacts: [{ file: join(output, 'os.raw'), sha256: 'c'.repeat(64) }],
          images: [{ name: 'os.oci', digest: { sha256: IMAGE } }],
        },
        events: ['boot', 'upgrade'],
        checks: [{ name: 'mine.sh' }],
        firmwares: ['uefi'],
        limit: 1_200_000,
      },
    ]);
    expect(step.needs).toEqual(['image', 'checksum:oci', 'checksum:raw']);
  });

  test('lists the statement as a document, and keeps the other evidence apart', async () => {
    const { run, output, step } = built(PASSED);
    const made = { digest: '', ...(await run()) };
    const { documents } = made.facts as { documents: { kind: string; file: string }[] };
    expect(documents).toMatchObject([
      { kind: 'test-result', file: expect.stringMatching(/\.test-result\.json$/) },
    ]);
    expect(readFileSync(join(output, documents[0]?.file ?? ''), 'utf8')).toContain('PASSED');
    expect(readdirSync(join(output, 'proof'))).toEqual(['junit.xml']);
    expect(await step.isCurrent?.(made)).toBe(true);
  });

  test('fails with what the check said, and keeps the evidence', async () => {
    const { run, output } = built(FAILED);
    const error = await failureOf(run, 'verification');
    expect(error.code).toBe('PROOF_FAILED');
    expect(error.details).toEqual([
      'os.raw on uefi: boot: mine.sh: the check ended with status 3',
      '  one',
      '  two',
    ]);
    expect(readdirSync(join(output, 'proof')).sort()).toEqual(['junit.xml', 'test-result.json']);
    expect(readdirSync(output).filter((name) => /test-result|partial/.test(name))).toEqual([]);
  });

  test('is repeated when a check or an event changes, and not when it may take longer', async () => {
    const { step, results } = built(PASSED);
    const key = JSON.stringify(await step.inputs(results));
    const other = built(PASSED, ['boot']);
    expect(JSON.stringify(await other.step.inputs(other.results))).not.toBe(key);
    expect(key).toContain('true\\n');
    expect(key).toContain('"timeout":null');
  });
});
