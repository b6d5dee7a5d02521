import { join } from 'node:path';
import { expect, test } from 'vitest';
import { identify } from '../../../../../src/factory/inspect/artifact/identify.ts';
import { tool } from '../../../../support/tool.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

test.each(['build', 'build/*.iso', 'release.yml', 'build/os.iso', 'out/os.raw.vhd', 'src/no-such-name'])(
  'a path that does not exist is not asked of a registry: %s',
  async (text) => {
    const { code, remedy } = await failureOf(() => identify(text), 'usage');
    expect(code).toBe('FILE_NOT_FOUND');
    expect(remedy).toContain('docker://');
  },
);

test.each([
  './build',
  '../nothing/os.iso',
  '/nothing',
  '~/os.iso',
  'dir:nothing',
  'tar:nothing.tar',
  'nothing.tar',
])('a path that does not exist is called missing, not malformed: %s', async (text) => {
  const { code, message } = await failureOf(() => identify(text), 'usage');
  expect(code).toBe('FILE_NOT_FOUND');
  expect(message).toContain('there is no file or directory');
});

test('what exists, but is of another type, is said to be so', async () => {
  const home = plant(temporaryDirectory(), { 'os.iso': '', 'd/file': '' });
  await tool('mkfifo', join(home, 'pipe'));
  for (const [text, reason] of [
    [join(home, 'pipe'), 'is not a file or a directory'],
    ['/dev/null', 'is not a file or a directory'],
    [`dir:${join(home, 'os.iso')}`, 'is not a directory'],
    [`tar:${join(home, 'd')}`, 'is not a file'],
    ['', 'the name is empty'],
  ] as const)
    expect((await failureOf(() => identify(text), 'usage')).message).toContain(reason);
});

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
