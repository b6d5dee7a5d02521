import { join } from 'node:path';
import { expect, test } from 'vitest';
import { hashFile } from '../../../../../src/common/files/digest.ts';
import { requireFileProofs } from '../../../../../src/factory/deliver/publish/verify-file-proofs.ts';
import { testResultStatement } from '../../../../../src/factory/prove/test-result.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const NAMES = ['os.iso', 'os.raw', 'os.spdx.json', 'os.test-result.json'];

/** The verified files of an output, with test results of machines and their events. */
async function output(
  passed: readonly (readonly [string, 'boot' | 'install' | 'upgrade'])[],
  change: (statement: object) => object = (statement) => statement,
) {
  const directory = plant(temporaryDirectory(), { 'os.iso': 'iso', 'os.raw': 'raw', 'os.spdx.json': '{}' });
  const sum = (name: string) => hashFile(join(directory, name));
  const subjects = await Promise.all(
    ['os.iso', 'os.raw'].map(async (name) => ({ name, digest: { sha256: await sum(name) } })),
  );
  const results = passed.map(([machine, event]) => ({ machine, event, seconds: 1, output: '' }));
  const statement = change(testResultStatement(subjects, results, []));
  plant(directory, { 'os.test-result.json': JSON.stringify(statement) });
  const files = NAMES.map(async (name) => ({ name, directory, sha256: await sum(name) }));
  return Promise.all(files);
}

const NONE = { hasImages: false };
const LIVED = [
  ['os.iso on bios', 'boot'],
  ['os.iso on bios', 'install'],
  ['os.raw on uefi', 'boot'],
] as const;

test('every file that boots must be proven, and disks cannot be installed', async () => {
  await requireFileProofs(await output(LIVED), ['boot', 'install'], NONE);
  const error = await failureOf(
    async () => requireFileProofs(await output(LIVED), ['boot', 'upgrade'], NONE),
    'verification',
  );
  expect(error.code).toBe('PROOF_MISSING');
  expect(error.details).toEqual(['os.iso: upgrade', 'os.raw: upgrade']);
});

test('the proof of one file is not that of another', async () => {
  const error = await failureOf(
    async () => requireFileProofs(await output(LIVED.slice(0, 2)), ['boot'], NONE),
    'verification',
  );
  expect(error.details).toEqual(['os.raw: boot']);
});

test.each([
  ['another type', { predicateType: 'https://slsa.dev/provenance/v1' }],
  ['another kind of statement', { _type: 'https://example.com' }],
  ['other subjects', { subject: [{ name: 'os.iso', digest: { sha256: 'a'.repeat(64) } }] }],
  ['no predicate', { predicate: null }],
])('a file with %s proves nothing', async (_, change) => {
  const files = await output(LIVED, (statement) => ({ ...statement, ...change }));
  const error = await failureOf(() => requireFileProofs(files, ['boot'], NONE), 'verification');
  expect(error.details[0]).toContain('no signed test result is about it');
});

test('a test result that changed after it was verified proves nothing', async () => {
  const files = await output(LIVED);
  const changed = files.map((file) => (file.name.endsWith('result.json') ? { ...file, sha256: 'b' } : file));
  await failureOf(() => requireFileProofs(changed, ['boot'], NONE), 'verification');
});

test('without anything that boots, only images can be proven', async () => {
  const files = (await output(LIVED)).filter(({ name }) => !/iso|raw/.test(name));
  await failureOf(() => requireFileProofs(files, ['boot'], NONE), 'verification');
  await requireFileProofs(files, ['boot'], { hasImages: true });
  const disk = (await output(LIVED)).filter(({ name }) => !name.endsWith('.iso'));
  await failureOf(() => requireFileProofs(disk, ['install'], NONE), 'verification');
});
