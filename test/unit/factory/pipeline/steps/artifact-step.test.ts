import { createHash } from 'node:crypto';
import { appendFileSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Results } from '../../../../../src/factory/pipeline/step.ts';
import { artifactStep, checksumStep } from '../../../../../src/factory/pipeline/steps/artifact-step.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';
import { artifactsSpec } from '../../artifacts/support/inputs.ts';
import { testEnvironment } from '../support/environment.ts';
import { imageResults, stepContext } from '../support/step-context.ts';

const EPOCH = 1_700_000_000;
const { signal } = new AbortController();

/** Creates the squashfs artifact, which is a plain copy. */
async function make(release: Readonly<Record<string, string>> = {}) {
  const home = plant(temporaryDirectory(), { 'made.squashfs': 'hsqs', 'output/earlier': '' });
  const output = join(home, 'output');
  const env = testEnvironment({ partial: (name) => join(output, `.partial-${name}`) });
  const step = artifactStep(env, artifactsSpec({ output }), { kind: 'squashfs', gates: ['audit'], signal });
  const part = { digest: 'part', facts: {}, files: { squashfs: join(home, 'made.squashfs') } };
  const results: Results = new Map([...imageResults(EPOCH, release), ['squashfs', part]]);
  const made = { digest: '', ...(await step.run(stepContext().context, results)) };
  return { step, made, file: made.files['artifact'] ?? '', output, results };
}

describe('artifactStep', () => {
  test('writes the artifact with the name and the time of the image', async () => {
    const { file, output } = await make();
    expect(file.slice(output.length + 1)).toMatch(
      /^kairos-debian-12-core-amd64-generic-v1\.2\.3.*\.squashfs$/,
    );
    expect([readFileSync(file, 'utf8'), statSync(file).mtimeMs]).toEqual(['hsqs', EPOCH * 1000]);
  });

  test.each([
    ['KAIROS_VERSION', 'v1/../../../pwn'],
    ['KAIROS_FLAVOR', '../../x'],
    ['KAIROS_MODEL', 'm'.repeat(300)],
    ['KAIROS_FAMILY', '<img src=x onerror=alert(1)>'],
  ])('makes no file for an image whose %s is %s', async (key, value) => {
    await expect(make({ [key]: value })).rejects.toMatchObject({ code: 'IMAGE_NAME_REFUSED' });
  });

  test('waits for the image, its parts and the gates', async () => {
    expect((await make()).step.needs).toEqual(['image', 'squashfs', 'audit']);
  });

  test('writes further files beside the artifact, and is not current without them', async () => {
    const home = plant(temporaryDirectory(), { kernel: 'k', initrd: 'i', net: 'n', 'output/old': '' });
    const output = join(home, 'output');
    const env = testEnvironment({ partial: (name) => join(output, `.partial-${name}`) });
    const step = artifactStep(env, artifactsSpec({ output }), { kind: 'netboot', gates: [], signal });
    const at = (name: string) => join(home, name);
    const boot = { kernel: at('kernel'), initrd: at('initrd'), networkInitrd: at('net') };
    const results: Results = new Map([
      ...imageResults(EPOCH),
      ['boot', { digest: '', facts: {}, files: boot }],
      ['artifact:squashfs', { digest: '', facts: { identity: '' }, files: {} }],
      ['checksum:squashfs', { digest: 'ab'.repeat(32), facts: {}, files: {} }],
    ]);
    const made = { digest: '', ...(await step.run(stepContext().context, results)) };
    const names = readdirSync(output).filter((name) => name !== 'old');
    expect(names.map((name) => name.replace(/^kairos-.*v1\.2\.3[^-.]*/, ''))).toEqual([
      '-initrd',
      '-kernel',
      '.ipxe',
    ]);
    expect(statSync(made.files['-kernel'] ?? '').mtimeMs).toBe(EPOCH * 1000);
    const sums = await checksumStep('netboot', signal).run(
      stepContext().context,
      new Map([['artifact:netboot', made]]),
    );
    expect(sums.facts).toMatchObject({
      file: made.files['artifact'],
      companions: [{ file: made.files['-kernel'] }, { file: made.files['-initrd'], size: 8 }],
    });
    expect(sums.digest).toMatch(/^sha256:/);
    expect(await step.isCurrent?.(made)).toBe(true);
    rmSync(made.files['-kernel'] ?? '');
    expect(await step.isCurrent?.(made)).toBe(false);
  });

  test('takes the checksum that an artifact reported while it was written', async () => {
    const { made, results } = await make();
    const reported = { ...made, facts: { identity: '', sha256: 'cd'.repeat(32) } };
    const all = new Map([...results, ['artifact:squashfs', reported]]);
    const found = await checksumStep('squashfs', signal).run(stepContext().context, all);
    expect(found.facts).toMatchObject({ sha256: 'cd'.repeat(32), size: 4 });
  });

  test('is current while the file is unchanged', async () => {
    const { step, made, file } = await make();
    expect(await step.isCurrent?.(made)).toBe(true);
    appendFileSync(file, 'changed');
    expect(await step.isCurrent?.(made)).toBe(false);
    expect(await step.isCurrent?.({ ...made, files: { artifact: `${file}.gone` } })).toBe(false);
  });
});

describe('checksumStep', () => {
  const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
  const { signal } = new AbortController();

  test('returns the checksum and the size of the file', async () => {
    const { made, results, file } = await make();
    const all = new Map([...results, ['artifact:squashfs', made]]);
    const found = await checksumStep('squashfs', signal).run(stepContext().context, all);
    expect(found).toMatchObject({
      facts: { file, sha256: sha256('hsqs'), size: 4 },
      // A rebuilt artifact with the same bytes leaves later steps cached.
      digest: sha256('hsqs'),
    });
  });

  test('hashes the index of an image layout, which pins all other files', async () => {
    const layout = plant(temporaryDirectory(), { 'index.json': '{}', 'blobs/sha256/x': 'y' });
    const made = { digest: 'x', facts: { identity: '' }, files: { artifact: layout } };
    const found = await checksumStep('oci', signal).run(
      stepContext().context,
      new Map([['artifact:oci', made]]),
    );
    expect(found.facts).toMatchObject({ file: join(layout, 'index.json'), sha256: sha256('{}') });
  });
});
