import { describe, expect, test } from 'vitest';
import { loadFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import type { Flavor } from '../../../../../src/factory/catalog/flavors/schema.ts';
import { releaseVersion, select } from '../../../../../src/factory/catalog/flavors/select.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

const debian = await loadFlavor(FLAVORS, 'debian');

function selectFor(release: string, arch: string, kernel = 'generic', extra: readonly string[] = []) {
  return select(
    debian,
    { arch, releaseVersion: releaseVersion(debian, release) },
    { kernel, extraPackages: extra },
  );
}

describe('debian', () => {
  test.each([
    ['bullseye', 'amd64', false],
    ['bullseye', 'arm64', false],
    ['bookworm', 'amd64', true],
    ['bookworm', 'arm64', true],
    ['trixie', 'amd64', true],
    ['trixie', 'arm64', true],
    ['sid', 'amd64', true],
    ['sid', 'arm64', true],
  ])('%s on %s has the packages of its release and arch', (release, arch, hasResolved) => {
    const other = arch === 'amd64' ? 'arm64' : 'amd64';
    const { packages } = selectFor(release, arch);
    // resolved has been a separate package since bookworm.
    expect(packages.includes('systemd-resolved')).toBe(hasResolved);
    expect(packages).toContain(`linux-image-${arch}`);
    expect(packages).toContain(`grub-efi-${arch}-signed`);
    expect(packages.includes('grub-pc-bin')).toBe(arch === 'amd64');
    expect(packages.filter((name) => name.includes(other))).toEqual([]);
    expect(packages).toEqual([...new Set(packages)].sort());
  });

  test('enables the services of its release', () => {
    expect(selectFor('bullseye', 'amd64').enable).toContain('systemd-resolved.service');
    expect(selectFor('bookworm', 'amd64').mask).toContain('systemd-firstboot.service');
  });

  test('selects one kernel', () => {
    const { packages } = selectFor('bookworm', 'arm64', 'cloud');
    expect(packages.filter((name) => name.startsWith('linux-image'))).toEqual(['linux-image-cloud-arm64']);
  });

  test('selects the programs that Kubernetes needs for the variant standard only', () => {
    const of = (variant?: string) =>
      select(
        debian,
        { arch: 'amd64', releaseVersion: '12', ...(variant && { variant }) },
        { kernel: 'generic' },
      ).packages;
    const tools = ['conntrack', 'ethtool', 'ipset', 'iptables', 'nftables', 'socat'];
    const volumes = ['nfs-common', 'open-iscsi'];
    expect(of('standard').filter((name) => !of('core').includes(name))).toEqual(
      [...tools, ...volumes].sort(),
    );
    expect(of()).toEqual(of('core'));
  });

  test('adds a package set for any variant, without packages of other releases', () => {
    const of = (releaseVersion: string, packageSets: string[]) =>
      select(debian, { arch: 'amd64', releaseVersion }, { kernel: 'generic', packageSets }).packages;
    const added = of('12', ['upstream']).filter((name) => !of('12', []).includes(name));
    expect(added).toEqual(expect.arrayContaining(['jq', 'mdadm', 'nfs-common', 'parted']));
    expect(added).not.toContain('systemd-cryptsetup');
    expect(of('13', ['upstream'])).toContain('systemd-cryptsetup');
  });

  test('adds extra packages, each once', () => {
    const { packages } = selectFor('bookworm', 'amd64', 'generic', ['vim', 'udev']);
    expect(packages.filter((name) => name === 'vim' || name === 'udev')).toEqual(['udev', 'vim']);
  });
});

describe('select', () => {
  const flavor: Flavor = {
    ...debian,
    packages: {
      base: ['always', { name: 'old', releases: '<12' }, { name: 'point', releases: '>=12.1 <13' }],
      arch: [
        { name: 'arm', arches: ['arm64'] },
        { name: 'new-arm', arches: ['arm64'], releases: '>=13' },
      ],
    },
    kernels: { generic: ['k'] },
  };

  test.each([
    ['11', 'amd64', ['always', 'k', 'old']],
    ['12', 'amd64', ['always', 'k']],
    ['12.1', 'amd64', ['always', 'k', 'point']],
    ['12.10', 'arm64', ['always', 'arm', 'k', 'point']],
    ['13', 'arm64', ['always', 'arm', 'k', 'new-arm']],
    ['13', 'amd64', ['always', 'k']],
  ])('for %s on %s selects the entries whose conditions hold', (version, arch, packages) => {
    expect(select(flavor, { arch, releaseVersion: version }, { kernel: 'generic' }).packages).toEqual(
      packages,
    );
  });

  test('refuses an unknown kernel', async () => {
    const error = await failureOf(() =>
      select(flavor, { arch: 'amd64', releaseVersion: '12' }, { kernel: 'generci' }),
    );
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('no kernel "generci"')]);
    expect(error.remedy).toContain('generic');
  });

  test('suggests the closest kernel', async () => {
    const error = await failureOf(() => selectFor('bookworm', 'amd64', 'clod'));
    expect(error.message).toBe('flavor debian has no kernel "clod" (did you mean "cloud"?)');
  });

  test('refuses a kernel that the arch lacks', async () => {
    const error = await failureOf(() => selectFor('bookworm', 'riscv64', 'cloud'));
    expect([error.kind, error.message]).toEqual(['usage', expect.stringContaining('for riscv64')]);
  });
});

describe('releaseVersion', () => {
  test.each([
    ['bullseye', '11'],
    ['bookworm', '12'],
    ['trixie', '13'],
  ])('%s is %s', (release, version) => {
    expect(releaseVersion(debian, release)).toBe(version);
  });

  test('refuses an unknown release, with a suggestion', async () => {
    const error = await failureOf(() => releaseVersion(debian, 'bokworm'));
    expect([error.kind, error.message]).toEqual([
      'usage',
      'flavor debian has no release "bokworm" (did you mean "bookworm"?)',
    ]);
    expect(error.remedy).toContain('trixie');
  });
});
