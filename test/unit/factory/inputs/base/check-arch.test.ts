import { join } from 'node:path';
import { expect, test } from 'vitest';
import { machineArch } from '../../../../../src/common/contract/architectures.ts';
import {
  archToChoose,
  checkDeclaredArch,
  checkRootArch,
  readyArch,
} from '../../../../../src/factory/inputs/base/check-arch.ts';
import { writeOciLayout } from '../../../../../src/factory/inputs/base/oci-layout.ts';
import { elfHeader } from '../../../support/elf.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

async function layout(arch: string): Promise<string> {
  const directory = temporaryDirectory();
  await writeOciLayout(directory, { arch, epoch: 1, tag: 'v1' }, async (output) => {
    output.end('layer');
  });
  return directory;
}
const oci = (path: string, tag?: string) => ({ kind: 'oci', path, tag }) as const;

test('an image that declares another architecture is refused, with both architectures and a remedy', async () => {
  const path = await layout('arm64');
  const error = await failureOf(() => checkDeclaredArch(oci(path, 'v1'), 'oci:x', 'amd64'), 'usage');
  expect([error.message, error.remedy]).toEqual([
    'the base oci:x is for arm64, not for amd64',
    'Add --arch arm64, or use a base (or a tag of it) for amd64.',
  ]);
  await checkDeclaredArch(oci(path), 'oci:x', 'arm64');
});

test('the architecture comes from the configuration if the index has none', async () => {
  const directory = plant(temporaryDirectory(), {
    'index.json': JSON.stringify({ manifests: [{ digest: `sha256:${'a'.repeat(64)}` }] }),
    [`blobs/sha256/${'a'.repeat(64)}`]: JSON.stringify({ config: { digest: `sha256:${'b'.repeat(64)}` } }),
    [`blobs/sha256/${'b'.repeat(64)}`]: JSON.stringify({ architecture: 'riscv64' }),
  });
  const error = await failureOf(() => checkDeclaredArch(oci(directory), 'oci:x', 'amd64'), 'usage');
  expect([error.message, error.remedy]).toEqual([
    'the base oci:x is for riscv64, not for amd64',
    'Use a base (or a tag of it) for amd64.',
  ]);
});

test('an index declares the architectures of all its images, except attestations', async () => {
  const nested = `sha256:${'c'.repeat(64)}`;
  const platforms = ['arm64', 'unknown'].map((architecture) => ({
    platform: { architecture, os: 'linux' },
  }));
  const directory = plant(temporaryDirectory(), {
    'index.json': JSON.stringify({
      manifests: [{ mediaType: 'application/vnd.oci.image.index.v1+json', digest: nested }],
    }),
    [`blobs/sha256/${'c'.repeat(64)}`]: JSON.stringify({ manifests: platforms }),
  });
  await checkDeclaredArch(oci(directory), 'oci:x', 'arm64');
  const error = await failureOf(() => checkDeclaredArch(oci(directory), 'oci:x', 'amd64'), 'usage');
  expect(error.message).toBe('the base oci:x is for arm64, not for amd64');
});

// The engine reports problems of a layout. A digest that is a path must not be followed.
test.each([
  ['nothing', {}],
  ['broken JSON', { 'index.json': '{' }],
  ['a digest that is a path', { 'index.json': '{"manifests":[{"digest":"sha256:../../../etc/passwd"}]}' }],
  ['another tag alone', { 'index.json': '{"manifests":[{"platform":{"architecture":"arm64"}}]}' }],
])('a layout with %s is left to the engine', async (_, tree) => {
  await checkDeclaredArch(oci(plant(temporaryDirectory(), tree), 'v1'), 'oci:x', 'amd64');
});

test('an engine is asked for an architecture only if there are several, and a ready image keeps its own', async () => {
  const single = oci(await layout('arm64'));
  const platforms = ['amd64', 'arm64'].map((architecture) => ({ platform: { architecture, os: 'linux' } }));
  const several = oci(
    plant(temporaryDirectory(), { 'index.json': JSON.stringify({ manifests: platforms }) }),
  );
  expect(await archToChoose(single, 'amd64')).toBeUndefined();
  expect(await archToChoose(several, 'arm64')).toBe('arm64');
  expect(await archToChoose({ kind: 'docker-archive', path: '/x' }, 'arm64')).toBeUndefined();
  expect(await readyArch(single)).toBe('arm64');
  expect(await readyArch(several)).toBe(machineArch());
});

test('a root whose programs are for another architecture is refused', async () => {
  const root = plant(temporaryDirectory(), { 'bin/sh': elfHeader(183) });
  await checkRootArch(root, 'dir:x', 'arm64');
  const error = await failureOf(() => checkRootArch(root, 'dir:x', 'amd64'), 'usage');
  expect(error.message).toBe('the base dir:x is for arm64, not for amd64');
  await checkRootArch(join(root, 'bin'), 'dir:y', 'amd64');
});
