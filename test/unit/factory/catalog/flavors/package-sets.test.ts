import { describe, expect, test } from 'vitest';
import { openAllFlavors } from '../../../../../src/factory/catalog/flavors/load.ts';
import { nameOf, requirePackageSets, select } from '../../../../../src/factory/catalog/flavors/select.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { detectedRelease } from './support/rendering.ts';
import { UPSTREAM, words } from './support/upstream-packages.ts';

const DRACUT = 'the build makes the initramfs itself';
const BOOT = 'test/unit/factory/catalog/flavors/contract.test.ts compares kernel and boot loader';
const LIBRARY = 'a library or its data, which comes with the programs that use it';
const DESKTOP = 'for desktops';
const BAN = 'does not start without a log file or a configuration of its own';
const OTHER_NAME = 'another name for a package of the set';
const BASE = 'in every image of the distribution';

/** Packages of upstream that neither a flavor nor its set `upstream` has, with the reason. */
const WITHOUT: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  debian: {
    ...{
      fail2ban: BAN,
      debianutils: BASE,
      coreutils: BASE,
      'nfs-client': OTHER_NAME,
      'pkg-config': 'for compiling',
    },
    ...{ 'gnupg1-l10n': LIBRARY, 'krb5-locales': LIBRARY, libatm1: LIBRARY, 'libglib2.0-data': LIBRARY },
    ...{ libgpm2: LIBRARY, 'libldap-common': LIBRARY, 'libpam-cap': LIBRARY, 'libsasl2-modules': LIBRARY },
    ...{
      publicsuffix: LIBRARY,
      'shared-mime-info': DESKTOP,
      xauth: DESKTOP,
      xclip: DESKTOP,
      'xdg-user-dirs': DESKTOP,
    },
    'multipath-tools-boot': DRACUT,
  },
  ubuntu: {
    gettext: 'its program envsubst is in gettext-base; the others are for translators',
    packagekit: DESKTOP,
    'packagekit-tools': DESKTOP,
  },
  redhat: { iptables: 'is named iptables-nft', fail2ban: BAN, 'dracut-squash': DRACUT },
  suse: { fail2ban: BAN, 'issue-generator': 'the agent writes notices for the login' },
  alpine: {
    ...{
      fail2ban: BAN,
      'libc6-compat': 'is named gcompat',
      libusb: LIBRARY,
      'busybox-openrc': 'comes with openrc',
    },
    'iscsi-scst': 'a target, which needs a kernel module that Alpine does not have',
    'open-vm-tools-static': 'for compiling',
  },
};

/** Packages of the sets `upstream` that upstream does not name, with the reason. */
const OURS: Readonly<Record<string, string>> = {
  parted: "upstream's documented examples call it",
  gdisk: "sgdisk, which upstream's documented examples call",
  gptfdisk: "sgdisk, which upstream's documented examples call",
  sgdisk: "upstream's documented examples call it",
  'gettext-base': 'envsubst',
  'iptables-nft': 'the name that the clones of RHEL have for iptables',
};

/** What a node needs for a purpose: one of these packages. */
const PURPOSES = {
  'NFS volumes': ['nfs-common', 'nfs-utils', 'nfs-client'],
  'iSCSI volumes': ['open-iscsi', 'iscsi-initiator-utils'],
  'packet filters': ['iptables', 'iptables-nft'],
  'nftables rules': ['nftables'],
  'connection tables': ['conntrack', 'conntrack-tools'],
  'links of containers': ['ethtool'],
  'port forwarding': ['socat'],
};

const flavors = (await openAllFlavors(FLAVORS)).filter(({ flavor }) => flavor['package-manager'] !== 'none');
const cases = flavors.flatMap((loaded) =>
  Object.keys(loaded.flavor.releases).flatMap((release) =>
    ['amd64', 'arm64'].map((arch) => ({ flavor: loaded.flavor, loaded, release, arch })),
  ),
);
const all = (sets: Readonly<Record<string, readonly (string | { readonly name: string })[]>>) =>
  Object.values(sets).flat().map(nameOf);

describe('the set kubernetes', () => {
  test.each(cases)(
    'of $flavor.name $release on $arch serves every purpose',
    ({ flavor, loaded, release, arch }) => {
      const { version: releaseVersion } = detectedRelease(loaded, release).distribution;
      const of = (variant: string) =>
        select(flavor, { arch, releaseVersion, variant }, { kernel: undefined }).packages;
      const added = of('standard').filter((name) => !of('core').includes(name));
      const missing = Object.entries(PURPOSES).filter(
        ([, names]) => !names.some((name) => added.includes(name)),
      );
      expect(missing).toEqual([]);
    },
  );
});

describe.each(flavors.map(({ flavor }) => [flavor.name, flavor] as const))(
  'the set upstream of %s',
  (_, flavor) => {
    const theirs = [...words(UPSTREAM['all'] ?? ''), ...words(UPSTREAM[flavor.family] ?? '')];
    if (flavor.name === 'ubuntu') theirs.push(...words(UPSTREAM['ubuntu'] ?? ''));
    const set = all(flavor['package-sets']['upstream'] ?? {});
    const without = { ...WITHOUT[flavor.family], ...WITHOUT[flavor.name] };

    test("has upstream's packages, but for those that are left out for a reason", () => {
      const own = new Set([...set, ...all(flavor.packages), ...all(flavor.kernels)]);
      const boot = /^(dracut|isc-dhcp|dhcp-client|kernel|linux-|grub|shim)/;
      const missing = theirs.filter((name) => !own.has(name) && !(name in without) && !boot.test(name));
      expect(missing, BOOT).toEqual([]);
    });

    test('has no others, but for those that are named for a reason', () => {
      expect(set.filter((name) => !theirs.includes(name) && !(name in OURS))).toEqual([]);
    });

    test('has each package once, and none that the flavor has in any case', () => {
      expect(set.filter((name, index) => set.indexOf(name) !== index)).toEqual([]);
      expect(set.filter((name) => all(flavor.packages).includes(name))).toEqual([]);
    });
  },
);

test('an unknown set is refused with the names of the known ones', () => {
  const debian = flavors.find(({ flavor }) => flavor.name === 'debian')?.flavor;
  if (debian === undefined) throw new Error('no flavor debian');
  expect(() => requirePackageSets(debian, ['upstreem'])).toThrow(
    expect.objectContaining({
      code: 'PACKAGE_SET_UNKNOWN',
      message: expect.stringContaining('upstream'),
      remedy: expect.stringContaining('kubernetes, upstream'),
    }),
  );
});
