import { createHash } from 'node:crypto';
import { appendFileSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Results } from '../../../../../src/factory/pipeline/step.ts';
import { artifactStep, checksumStep } from '../../../../../src/factory/pipeline/steps/artifact-step.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { artifactsSpec } from '../../artifacts/support/inputs.ts';
import { testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const EPOCH = 1_700_000_000;

/** Makes the squashfs, the artifact that is nothing but a copy. */
async function make() {
  const home = plant(temporaryDirectory(), { 'made.squashfs': 'hsqs', 'output/earlier': '' });
  const output = join(home, 'output');
  const env = testEnvironment({ partial: (name) => join(output, `.partial-${name}`) });
  const step = artifactStep(env, artifactsSpec({ output }), 'squashfs', ['audit']);
  const part = { digest: 'part', facts: {}, files: { squashfs: join(home, 'made.squashfs') } };
  const results: Results = new Map([...imageResults(EPOCH), ['squashfs', part]]);
  const made = { digest: '', ...(await step.run(stepContext().context, results)) };
  return { step, made, file: made.files['artifact'] ?? '', output, results };
}

describe('the step that makes an artifact', () => {
  test('puts it into the output directory under the name and with the time of the image', async () => {
    const { file, output } = await make();
    expect(file.slice(output.length + 1)).toMatch(
      /^kairos-debian-12-core-amd64-generic-v1\.2\.3.*\.squashfs$/,
    );
    expect([readFileSync(file, 'utf8'), statSync(file).mtimeMs]).toEqual(['hsqs', EPOCH * 1000]);
  });

  test('waits for the image, its parts and the gates', async () => {
    expect((await make()).step.needs).toEqual(['image', 'squashfs', 'audit']);
  });

  test('is current as long as the very file is there', async () => {
    const { step, made, file } = await make();
    expect(await step.isCurrent?.(made)).toBe(true);
    appendFileSync(file, 'changed');
    expect(await step.isCurrent?.(made)).toBe(false);
    expect(await step.isCurrent?.({ ...made, files: { artifact: `${file}.gone` } })).toBe(false);
  });
});

describe('the checksum of an artifact', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const { signal } = new AbortController();

  test('is that of the file, with its size', async () => {
    const { made, results, file } = await make();
    const all = new Map([...results, ['artifact:squashfs', made]]);
    const found = await checksumStep('squashfs', signal).run(stepContext().context, all);
    expect(found).toMatchObject({
      facts: { file, sha256: sha256('hsqs'), size: 4 },
      // What was made again with the same bytes leaves the steps behind it cached.
      digest: sha256('hsqs'),
    });
  });

  test('of an image layout is that of its index, which pins all else', async () => {
    const layout = plant(temporaryDirectory(), { 'index.json': '{}', 'blobs/sha256/x': 'y' });
    const made = { digest: 'x', facts: { identity: '' }, files: { artifact: layout } };
    const found = await checksumStep('oci', signal).run(
      stepContext().context,
      new Map([['artifact:oci', made]]),
    );
    expect(found.facts).toMatchObject({ file: join(layout, 'index.json'), sha256: sha256('{}') });
  });
});
