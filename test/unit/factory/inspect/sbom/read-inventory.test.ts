import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { renderKairosRelease } from '../../../../../src/common/contract/kairos-release.ts';
import { parseOsRelease } from '../../../../../src/common/contract/os-release.ts';
import { readAgentParts } from '../../../../../src/factory/inspect/sbom/agent-parts.ts';
import { readInventory } from '../../../../../src/factory/inspect/sbom/read-inventory.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const IDENTITY = {
  flavor: 'debian',
  flavorRelease: '12',
  family: 'debian',
  variant: 'standard',
  arch: 'amd64',
  model: 'generic',
  version: 'v1.2.3',
};
const releaseOf = (tool: string, software?: { prefix: string; version: string }) =>
  Object.fromEntries(
    parseOsRelease(renderKairosRelease(software === undefined ? IDENTITY : { ...IDENTITY, software }, tool)),
  );
const hash = async (file: string) =>
  createHash('sha256')
    .update(await readFile(file))
    .digest('hex');
const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const OURS = 'kairos-factory v0.1.0';
const AGENT = {
  sha256: sha256('agent'),
  version: '0.1.0',
  licence: 'Apache-2.0',
  libc: {
    name: 'glibc',
    version: '2.36-9',
    licence: 'LGPL-2.1-or-later',
    purl: 'pkg:deb/debian/libc6@2.36-9?arch=amd64',
  },
  runtime: { name: 'bun', version: '1.4.5', licence: 'MIT' },
  libraries: [{ name: '@sigstore/verify', version: '4.1.3', licence: 'NOASSERTION' }],
};
const ROOT = {
  'etc/os-release': 'ID=debian\nVERSION_ID="12"\nNAME="Debian GNU/Linux"\n',
  'usr/bin/kairos-agent': 'agent',
  'usr/lib/kairos/initramfs/init': '',
  'boot/vmlinuz-6.1.0': 'kernel',
  'boot/vmlinuz': { link: 'vmlinuz-6.1.0' },
};
const inventory = (root: string, release: Record<string, string>, bundles: readonly string[] = []) =>
  readInventory(root, { facts: { epoch: 1, release }, agents: [AGENT], bundles, hash });

describe('readInventory', () => {
  test('lists the framework, and the components compiled into the agent', async () => {
    const { parts, distribution, name } = await inventory(plant(temporaryDirectory(), ROOT), releaseOf(OURS));
    expect(name).toBe('kairos-debian-12-standard-amd64-generic-v1.2.3');
    expect(distribution).toEqual({ id: 'debian', version: '12', name: 'Debian GNU/Linux' });
    const [framework] = parts;
    expect(framework).toMatchObject({ name: 'kairos-factory-framework', version: '0.1.0' });
    expect(framework?.parts?.map((part) => part.name)).toEqual(['kairos-factory-initramfs', 'kairos-agent']);
    expect(framework?.parts?.[1]).toMatchObject({
      version: '0.1.0',
      sha256: AGENT.sha256,
      parts: [
        { name: 'glibc', file: '/usr/lib/kairos/libc', purl: 'pkg:deb/debian/libc6@2.36-9?arch=amd64' },
        { name: 'bun', licence: 'MIT', purl: 'pkg:npm/bun@1.4.5' },
        { name: '@sigstore/verify', purl: 'pkg:npm/%40sigstore/verify@4.1.3' },
      ],
    });
    expect(framework?.parts?.[1]?.parts?.[2]).not.toHaveProperty('licence');
  });

  test('lists only the checksum of an agent that is not ours', async () => {
    const root = plant(temporaryDirectory(), { ...ROOT, 'usr/bin/kairos-agent': 'another' });
    const { parts } = await inventory(root, releaseOf('v0.5.20'));
    expect(parts).toContainEqual({
      name: 'kairos-agent',
      description: 'the program on the node',
      file: '/usr/bin/kairos-agent',
      sha256: sha256('another'),
    });
    expect(parts).toContainEqual(expect.objectContaining({ name: 'kairos-init', version: 'v0.5.20' }));
  });

  test('lists the packages of programs that were brought along', async () => {
    const tar = {
      name: 'tar',
      version: '1.34',
      licence: 'GPL-3.0-or-later',
      purl: 'pkg:deb/debian/tar@1.34',
    };
    const lzma = {
      name: 'liblzma5',
      version: '5.4',
      licence: 'NOASSERTION',
      purl: 'pkg:deb/debian/liblzma5@5.4',
    };
    const list = 'usr/lib/kairos/programs/parts.json';
    const root = plant(temporaryDirectory(), { ...ROOT, [list]: JSON.stringify([tar, lzma]) });
    const { parts } = await inventory(root, releaseOf(OURS));
    const found = parts[0]?.parts?.slice(-2);
    expect(found).toMatchObject([tar, { name: 'liblzma5', purl: lzma.purl }]);
    expect(found?.[1]).not.toHaveProperty('licence');
  });

  test('lists a kernel that belongs to no package', async () => {
    const kernel = { name: 'linux', version: '6.1.0', file: '/boot/vmlinuz', sha256: sha256('kernel') };
    const { parts } = await inventory(plant(temporaryDirectory(), ROOT), releaseOf(OURS));
    expect(parts).toContainEqual(expect.objectContaining(kernel));
    const status = 'Package: linux-image-6.1.0\nVersion: 6.1.0-1\nArchitecture: amd64\n';
    const packaged = plant(temporaryDirectory(), { ...ROOT, 'var/lib/dpkg/status': status });
    const { parts: others } = await inventory(packaged, releaseOf(OURS));
    expect(others).not.toContainEqual(expect.objectContaining(kernel));
  });

  test('lists Kubernetes, its images and the bundles', async () => {
    const root = plant(temporaryDirectory(), {
      ...ROOT,
      'usr/bin/k3s': 'k3s',
      'usr/lib/kairos/kubernetes/images/k3s-airgap-images-amd64.tar.zst': 'images',
    });
    const release = releaseOf(OURS, { prefix: 'k3s', version: 'v1.34.1+k3s1' });
    const { parts } = await inventory(root, release, ['docker://docker.io/team/bundle:1']);
    expect(parts.slice(-3)).toMatchObject([
      {
        name: 'k3s',
        version: 'v1.34.1+k3s1',
        purl: 'pkg:github/k3s-io/k3s@v1.34.1%2Bk3s1',
        sha256: sha256('k3s'),
      },
      { name: 'k3s-airgap-images-amd64.tar.zst', sha256: sha256('images') },
      { name: 'docker://docker.io/team/bundle:1' },
    ]);
  });
});

test('the parts of agents are read from the directory of the compiled agents', async () => {
  const directory = plant(temporaryDirectory(), {
    'kairos-agent-amd64.parts.json': JSON.stringify(AGENT),
    other: '',
  });
  expect(await readAgentParts(directory)).toEqual([AGENT]);
  expect(await readAgentParts(join(directory, 'missing'))).toEqual([]);
});
