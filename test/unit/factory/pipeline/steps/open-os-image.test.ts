import { chmodSync, statSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { expect, test } from 'vitest';
import type { OpenImage } from '../../../../../src/factory/engine/container-engine.ts';
import { imageArch, openOsImage } from '../../../../../src/factory/pipeline/steps/open-os-image.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

test('opening an image sets mode and time of its root once, because another step may be reading it', async () => {
  const root = temporaryDirectory();
  chmodSync(root, 0o700);
  const commit = async () => undefined;
  const open: OpenImage = { root, commit, [Symbol.asyncDispose]: async () => undefined };
  const env = { engine: { open: async () => open } };
  const tree = { bytes: 0, inodes: 0, newest: 0 };
  const facts = { image: 'os', facts: { epoch: 1_700_000_000, tree, release: {}, osId: 'debian' } };
  const results = new Map([['image', { digest: 'digest', facts, files: {} }]]);
  await openOsImage(env, results);
  const first = statSync(root, { bigint: true });
  expect([first.mode & 0o7777n, first.mtimeMs]).toEqual([0o755n, 1_700_000_000_000n]);
  await setTimeout(20);
  await openOsImage(env, results);
  expect(statSync(root, { bigint: true }).ctimeNs).toBe(first.ctimeNs);
});

test.each([
  [{ KAIROS_ARCH: 's390x' }, 'the image is for "s390x"; supported are amd64, arm64'],
  [{}, 'the image is for no architecture; supported are amd64, arm64'],
])('an image whose release file has %j is refused with a remedy', (release, message) => {
  const refusal = { code: 'IMAGE_NOT_OS', message, remedy: expect.stringContaining('KAIROS_ARCH') };
  expect(() => imageArch({ release })).toThrow(expect.objectContaining(refusal));
  expect(imageArch({ release: { KAIROS_ARCH: 'arm64' } })).toBe('arm64');
});
