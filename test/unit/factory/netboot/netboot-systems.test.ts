import { createHash } from 'node:crypto';
import { renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { ipxeScript } from '../../../../src/factory/artifacts/ipxe-script.ts';
import { findLoaders, loadersFor } from '../../../../src/factory/netboot/loaders.ts';
import { netbootSystems } from '../../../../src/factory/netboot/netboot-systems.ts';
import { publishedFiles } from '../../../../src/factory/netboot/published-files.ts';
import { readScript, withConfig } from '../../../../src/factory/netboot/read-script.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const sha256 = createHash('sha256').update('root').digest('hex');

/** The files of an artifact. */
function artifact({ arch = 'amd64', version = 'v1', config = false } = {}) {
  const name = `kairos-debian-12-core-${arch}-generic-${version}`;
  const script = ipxeScript({
    ...{ name, sha256, line: ['console=ttyS0'] },
    ...(config ? { config: `${name}-config.yaml` } : {}),
  });
  return {
    [`${name}-kernel`]: 'kernel',
    [`${name}-initrd`]: 'initrd',
    [`${name}.squashfs`]: 'root',
    [`${name}.ipxe`]: script,
    ...(config ? { [`${name}-config.yaml`]: '#cloud-config\n' } : {}),
  };
}
const NAME = 'kairos-debian-12-core-amd64-generic-v1';

test('a script is read as it is written', () => {
  const read = readScript(artifact({ config: true })[`${NAME}.ipxe`] ?? '');
  expect(read).toEqual({
    ...{ kernel: `${NAME}-kernel`, initrd: `${NAME}-initrd`, root: `${NAME}.squashfs`, sha256 },
    config: `${NAME}-config.yaml`,
  });
  expect(readScript('#!ipxe\nkernel http://x/vmlinuz\nboot\n')).toBeUndefined();
  expect(readScript('')).toBeUndefined();
});

test.each([true, false])('another cloud-config takes the place of the own one (%s)', (config) => {
  const text = artifact({ config })[`${NAME}.ipxe`] ?? '';
  const changed = withConfig(text, 'other.yaml');
  expect(readScript(changed)).toMatchObject({ config: 'other.yaml', kernel: `${NAME}-kernel` });
  expect(changed.match(/config_url/g)).toHaveLength(1);
});

test('a directory has one system for each architecture, and other scripts do not count', async () => {
  const root = plant(temporaryDirectory(), {
    ...artifact(),
    ...artifact({ arch: 'arm64' }),
    'amd64-other.ipxe': '#!ipxe\nshell\n',
  });
  const systems = await netbootSystems(root);
  expect(systems.map(({ arch, directory }) => [arch, directory])).toEqual([
    ['amd64', root],
    ['arm64', root],
  ]);
  expect(await netbootSystems(join(root, `${NAME}.ipxe`))).toHaveLength(1);
});

test.each<[string, Record<string, string>, string]>([
  ['nothing', { 'os.iso': 'x' }, 'SOURCE_UNSUITABLE'],
  ['two systems', { ...artifact(), ...artifact({ version: 'v2' }) }, 'SOURCE_UNSUITABLE'],
  ['an empty file', { ...artifact(), [`${NAME}-initrd`]: '' }, 'BUILD_OUTPUT_INVALID'],
  ['a root of another build', { ...artifact(), [`${NAME}.squashfs`]: 'other' }, 'DIGEST_MISMATCH'],
])('a directory with %s is refused', async (_, files, code) => {
  const root = plant(temporaryDirectory(), files);
  await expect(netbootSystems(root)).rejects.toMatchObject({ code, remedy: expect.any(String) });
});

test('a path that does not exist is refused', async () => {
  await expect(netbootSystems('/nowhere')).rejects.toMatchObject({ code: 'FILE_NOT_FOUND' });
});

test('iPXE comes from the directory, or from the distribution', async () => {
  const own = plant(temporaryDirectory(), { 'ipxe.efi': 'own' });
  const system = plant(temporaryDirectory(), { 'undionly.kpxe': 'x', 'ipxe.efi': 'x' });
  const places = {
    'undionly.kpxe': [join(system, 'undionly.kpxe')],
    'ipxe.efi': [join(system, 'ipxe.efi')],
    'ipxe-arm64.efi': [join(system, 'ipxe-arm64.efi')],
  };
  expect(loadersFor(['arm64'])).toEqual(['ipxe-arm64.efi']);
  expect(await findLoaders(loadersFor(['amd64']), own, places)).toEqual(
    new Map([
      ['undionly.kpxe', join(system, 'undionly.kpxe')],
      ['ipxe.efi', join(own, 'ipxe.efi')],
    ]),
  );
  await expect(findLoaders(['ipxe-arm64.efi'], own, places)).rejects.toMatchObject({
    code: 'TOOL_MISSING',
    remedy: expect.stringContaining(`put ipxe-arm64.efi into ${own}`),
  });
});

test('published are the files of the artifact and of iPXE, and stay as they are', async () => {
  const root = plant(temporaryDirectory(), {
    ...artifact({ config: true }),
    'ipxe.efi': 'ipxe',
    secret: 'x',
  });
  const systems = await netbootSystems(root);
  const loaders = new Map([['ipxe.efi', join(root, 'ipxe.efi')] as const]);
  await using stack = new AsyncDisposableStack();
  const files = await publishedFiles({ url: 'http://192.0.2.1/', systems, loaders }, stack);
  expect([...files.keys()].sort()).toEqual(
    ['amd64.ipxe', 'ipxe.efi', ...Object.keys(artifact({ config: true }))].sort(),
  );
  expect(files.get('amd64.ipxe')?.role).toBe('script');
  const other = await publishedFiles(
    { url: 'http://192.0.2.1/', systems, loaders, cloudConfig: '#cloud-config\nhostname: a\n' },
    stack,
  );
  expect(other.has(`${NAME}-config.yaml`)).toBe(false);
  const read = async (name: string) => {
    const file = other.get(name);
    return file === undefined ? '' : (await buffer(Readable.from(file.read(0, file.size - 1)))).toString();
  };
  expect(await read('cloud-config.yaml')).toContain('hostname: a');
  // iPXE of Debian bookworm does not know where a script is from.
  expect(await read('amd64.ipxe')).toMatch(/^#!ipxe\nset base http:\/\/192\.0\.2\.1\/\n/);
  expect(await read('amd64.ipxe')).toContain('kairos.config_url=${base}cloud-config.yaml');
  // As a build puts another file there.
  writeFileSync(join(root, 'new'), 'newer');
  renameSync(join(root, 'new'), join(root, `${NAME}-kernel`));
  expect(await read(`${NAME}-kernel`)).toBe('kernel');
});
