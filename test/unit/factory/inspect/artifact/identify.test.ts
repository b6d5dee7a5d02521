import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identify } from '../../../../../src/factory/inspect/artifact/identify.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

test.each(['build', 'build/*.iso', 'release.yml'])(
  'a path that does not exist is not asked of a registry: %s',
  async (text) => {
    const { code, remedy } = await failureOf(() => identify(text), 'usage');
    expect(code).toBe('FILE_NOT_FOUND');
    expect(remedy).toContain('docker://');
  },
);

test('directories are recognised by their files, and images by a reference', async () => {
  const home = plant(temporaryDirectory(), {
    'os.iso': '',
    'layout/oci-layout': '{}',
    'layout/index.json': '{}',
    'out/manifest.json': '{}',
    'out/SHA256SUMS': '',
    'release/release.json': '{}',
    'root/etc/os-release': '',
  });
  const kindOf = async (text: string) => (await identify(text)).kind;
  expect(await kindOf(join(home, 'os.iso'))).toBe('file');
  expect(await kindOf(join(home, 'layout'))).toBe('oci');
  expect(await kindOf(join(home, 'out'))).toBe('build-output');
  expect(await kindOf(join(home, 'release'))).toBe('release');
  expect(await kindOf(join(home, 'root'))).toBe('root');
  for (const text of ['debian:12', 'docker://debian', 'registry.example.com/team/os:v1', 'docker-daemon:os'])
    expect(await kindOf(text)).toBe('image');
});
