import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { checkConformance } from '../../../../src/common/contract/conformance.ts';
import { inspectImage } from '../../../../src/common/contract/inspect-root.ts';
import { EPOCH_FILE, requiredDirectories } from '../../../../src/common/contract/system-layout.ts';
import { elfHeader } from '../../support/elf.ts';
import { failureOf } from '../../support/failure.ts';
import { CONFIG, plantOs, RELEASE } from '../../support/os-tree.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const osTree = () => plantOs(temporaryDirectory());

const remove = (path: string) => (root: string) => rmSync(join(root, path), { recursive: true });
const write = (path: string, content: string | Buffer) => (root: string) => {
  rmSync(join(root, path), { force: true });
  plant(root, { [path]: content });
};

async function failures(root: string) {
  return (await checkConformance(root)).filter(({ passed }) => !passed);
}

describe('checkConformance', () => {
  test('finds no problem in an OS', async () => {
    expect(await failures(osTree())).toEqual([]);
  });

  test('checks an arm64 image for the boot files of arm64, and for no BIOS files', async () => {
    const root = osTree();
    write('etc/kairos-release', RELEASE.replaceAll('amd64', 'arm64'))(root);
    remove('usr/lib/grub/i386-pc')(root);
    expect((await failures(root)).map(({ check }) => check)).toEqual(['UEFI boot']);
    write('usr/lib/shim/shimaa64.efi.signed', 'shim')(root);
    write('usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed', 'grub')(root);
    expect(await failures(root)).toEqual([]);
  });

  // The damage to the tree, the only check that fails, and a word in its text.
  test.each<[string, (root: string) => void, string, string]>([
    ['no os-release', remove('usr/lib/os-release'), 'os-release', '/etc/os-release'],
    ['no init', remove('usr/sbin/init'), 'init', '/sbin/init'],
    ['no shell', remove('usr/bin/sh'), 'shell', '/bin/sh'],
    ['a kernel that leads nowhere', remove('boot/vmlinuz-6.1.0'), 'kernel', '/boot/vmlinuz'],
    [
      'a kernel without zstd',
      write('boot/config-6.1.0', CONFIG.replace('=y', '=n')),
      'kernel options',
      'CONFIG_SQUASHFS_ZSTD',
    ],
    ['no initramfs', remove('boot/initrd'), 'initramfs', '/boot/initrd'],
    ['an initramfs that is none', write('boot/initrd', 'some text'), 'initramfs format', '/boot/initrd'],
    ['no menu', remove('etc/cos/grub.cfg'), 'boot menu', '/etc/cos/grub.cfg'],
    ['no command line', remove('etc/cos/bootargs.cfg'), 'boot menu', '/etc/cos/bootargs.cfg'],
    [
      'a key too few',
      write('etc/kairos-release', RELEASE.replace(/^KAIROS_MODEL=.*\n/m, '')),
      'kairos-release',
      'KAIROS_MODEL',
    ],
    [
      'an empty key',
      write('etc/kairos-release', RELEASE.replace(/^KAIROS_MODEL=.*$/m, 'KAIROS_MODEL=""')),
      'kairos-release',
      'KAIROS_MODEL',
    ],
    [
      'bare values',
      write('etc/kairos-release', RELEASE.replaceAll('"', '')),
      'kairos-release quoting',
      'KAIROS_RELEASE',
    ],
    ['a directory too few', remove('var/lib/longhorn'), 'directories', '/var/lib/longhorn'],
    ['a program too few', remove('usr/sbin/tune2fs'), 'programs', 'tune2fs'],
    ['host keys', write('etc/ssh/ssh_host_ed25519_key', 'secret'), 'host keys', 'ssh_host_ed25519_key'],
    [
      'a machine that we make no images for',
      write('etc/kairos-release', RELEASE.replaceAll('amd64', 's390x')),
      'architecture',
      's390x',
    ],
    ['programs for another machine', write('usr/bin/sh', elfHeader(183)), 'architecture', 'arm64'],
    ['a machine-id', write('etc/machine-id', '0123456789abcdef'), 'machine-id', '/etc/machine-id'],
  ])('fails %s', async (_, damage, check, word) => {
    const root = osTree();
    damage(root);
    const found = await failures(root);
    expect(found.map((finding) => finding.check)).toEqual([check]);
    expect(found[0]?.required).toBe(true);
    expect(found[0]?.text).toContain(word);
  });

  test.each<[string, (root: string) => void, string]>([
    ['no shim', remove('usr/lib/shim'), 'UEFI boot'],
    ['no signed GRUB', remove('usr/lib/grub/x86_64-efi-signed'), 'UEFI boot'],
    ['no GRUB for BIOS', remove('usr/lib/grub/i386-pc'), 'BIOS boot'],
    ['no fonts', remove('usr/share/grub'), 'GRUB fonts'],
  ])('reports %s, but accepts it', async (_, damage, check) => {
    const root = osTree();
    damage(root);
    const found = await failures(root);
    expect(found.map((finding) => [finding.check, finding.required])).toEqual([[check, false]]);
  });

  test.each([
    ['cpio', Buffer.from('070701')],
    ['gzip', Buffer.from([0x1f, 0x8b, 8, 0, 0, 0])],
    ['xz', Buffer.from('fd377a585a00', 'hex')],
    ['lz4', Buffer.from('02214c180000', 'hex')],
  ])('accepts an initramfs in %s', async (_, bytes) => {
    const root = osTree();
    writeFileSync(join(root, 'boot/initrd'), bytes);
    expect(await failures(root)).toEqual([]);
  });

  test.each([
    ['boot/vmlinuz-6.1.0', 'boot/config-6.1.0'],
    ['boot/vmlinuz-6.1.0', 'lib/modules/6.1.0/config'],
    ['boot/vmlinuz-6.1.0-0-lts', 'boot/config-lts'],
    ['boot/vmlinuz-lts', 'boot/config-lts'],
    ['usr/lib/modules/6.1.0/vmlinuz', 'usr/lib/modules/6.1.0/config'],
  ])(
    'finds the options of the kernel %s in %s, and assumes them if there is no file',
    async (kernel, config) => {
      const root = osTree();
      for (const path of ['boot/config-6.1.0', 'boot/vmlinuz', 'boot/vmlinuz-6.1.0']) remove(path)(root);
      // Where /lib is a link, as on every current distribution, the configuration is found through it.
      plant(root, config.startsWith('usr/') ? { lib: { link: 'usr/lib' } } : {});
      plant(root, { [kernel]: 'kernel', 'boot/vmlinuz': { link: `../${kernel}` } });
      expect(await failures(root)).toEqual([]);
      plant(root, { [config]: 'CONFIG_OVERLAY_FS=y\n' });
      expect((await failures(root)).map(({ check }) => check)).toEqual(['kernel options']);
    },
  );

  test('an empty initramfs fails', async () => {
    const root = osTree();
    write('boot/initrd', '')(root);
    expect((await failures(root)).map(({ check }) => check)).toContain('initramfs');
  });

  test('an empty directory fails without an exception', async () => {
    const found = (await failures(temporaryDirectory())).filter(({ required }) => required);
    expect(found.map(({ check }) => check)).toEqual(
      expect.arrayContaining([
        'os-release',
        'init',
        'shell',
        'kernel',
        'initramfs',
        'directories',
        'programs',
      ]),
    );
  });

  test('does not mistake the host’s files for the image’s', async () => {
    const root = plant(temporaryDirectory(), {
      'etc/os-release': { link: '../../../../../../../etc/os-release' },
      bin: { link: '../../../../../../../bin' },
    });
    const found = (await failures(root)).map(({ check }) => check);
    expect(found).toEqual(expect.arrayContaining(['os-release', 'shell']));
  });
});

describe('a bare root, which lacks programs', () => {
  const bare = () => {
    const root = osTree();
    for (const path of ['usr/bin/kairos-agent', 'usr/bin/sudo', 'usr/bin/sh']) remove(path)(root);
    return root;
  };
  const failing = async (root: string) =>
    (await checkConformance(root)).flatMap(({ check, passed, required }) =>
      passed ? [] : [[check, required]],
    );

  test('may lack what users and installation need, if it is marked as bare', async () => {
    const root = bare();
    expect(await failing(root)).toEqual([
      ['shell', true],
      ['programs', true],
    ]);
    plant(root, { 'usr/lib/kairos/bare': '' });
    expect(await failing(root)).toEqual([
      ['shell', false],
      ['programs', false],
    ]);
    remove('boot/initrd')(root);
    expect(await failing(root)).toContainEqual(['initramfs', true]);
  });

  test('may have the boot loader of another distribution', async () => {
    const root = plant(osTree(), { 'usr/lib/kairos/boot-loader-id': 'fedora\n' });
    expect((await inspectImage(root, 'image', () => undefined)).osId).toBe('fedora');
  });
});

describe('inspectImage', () => {
  test('returns the facts that artifacts need', async () => {
    const notices: string[] = [];
    const facts = await inspectImage(osTree(), 'image', (text) => notices.push(text));
    expect(facts).toMatchObject({
      epoch: 1_700_000_000,
      osId: 'debian',
      selinux: 'selinux=0',
      release: { KAIROS_VERSION: 'v1.2.3' },
    });
    expect(facts.tree.inodes).toBeGreaterThan(requiredDirectories([]).length);
    expect(notices).toEqual([]);
  });

  test('uses the newest file time of an image made by other tools', async () => {
    const root = osTree();
    remove(EPOCH_FILE)(root);
    const facts = await inspectImage(root, 'image', () => undefined);
    expect(facts.epoch).toBe(facts.tree.newest);
    expect(facts.epoch).toBeGreaterThan(1_700_000_000);
  });

  test('refuses an image that is not an OS with all problems, and reports advisory ones', async () => {
    const root = osTree();
    for (const damage of [remove('boot/initrd'), remove('usr/sbin/tune2fs'), remove('usr/share/grub')])
      damage(root);
    const notices: string[] = [];
    const error = await failureOf(() => inspectImage(root, 'dir:x', (text) => notices.push(text)));
    expect([error.kind, error.message]).toEqual([
      'verification',
      'dir:x is not an OS image: 2 check(s) failed',
    ]);
    expect(error.details).toEqual([
      expect.stringMatching(/^initramfs: /),
      'programs: missing programs: tune2fs',
    ]);
    expect(notices).toEqual([expect.stringContaining('GRUB fonts')]);
  });
});
