import { linkSync, mkdirSync, readFileSync, statSync, symlinkSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { renderKairosRelease } from '../../../src/layout/kairos-release.ts';
import { requiredDirectories } from '../../../src/layout/system-layout.ts';
import { checkConformance } from '../../../src/rootfs/conformance.ts';
import { resolveInRoot } from '../../../src/rootfs/resolve-path.ts';
import { sealRoot } from '../../../src/rootfs/seal.ts';
import { measureTree, stampTree } from '../../../src/rootfs/walk.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

function put(root: string, path: string, text = ''): void {
  mkdirSync(dirname(join(root, path)), { recursive: true });
  writeFileSync(join(root, path), text);
}

describe('paths of a foreign root', () => {
  test('links are followed as in a chroot', async () => {
    const root = temporaryDirectory();
    put(root, 'boot/vmlinuz-6');
    symlinkSync('vmlinuz-6', join(root, 'boot/vmlinuz'));
    symlinkSync('/boot', join(root, 'b'));
    symlinkSync('../../../../boot', join(root, 'c'));
    symlinkSync('loop', join(root, 'loop'));
    const kernel = join(root, 'boot/vmlinuz-6');
    expect(await resolveInRoot(root, '/boot/vmlinuz')).toBe(kernel);
    expect(await resolveInRoot(root, '/b/vmlinuz')).toBe(kernel);
    expect(await resolveInRoot(root, '/c/vmlinuz')).toBe(kernel);
    expect(await resolveInRoot(root, '/loop')).toBeUndefined();
    expect(await resolveInRoot(root, '/nothing')).toBeUndefined();
  });

  test('no links of any kind lead outside', async () => {
    const part = fc.constantFrom('a', 'b', '..', '/');
    const target = fc.array(part, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/'));
    await fc.assert(
      fc.asyncProperty(target, target, async (first, second) => {
        const root = join(temporaryDirectory(), 'root');
        mkdirSync(join(root, 'b'), { recursive: true });
        symlinkSync(first, join(root, 'a'));
        symlinkSync(second, join(root, 'b/a'));
        for (const path of ['/a', '/a/b', '/b/a', '/b/a/a', '/a/../b/a']) {
          const found = await resolveInRoot(root, path);
          if (found !== undefined) expect(`${found}/`.startsWith(`${root}/`)).toBe(true);
        }
      }),
      { numRuns: 60 },
    );
  });
});

test('a tree is measured in blocks, with hard links counted once', () => {
  const root = temporaryDirectory();
  put(root, 'a', 'x'.repeat(4097));
  linkSync(join(root, 'a'), join(root, 'b'));
  symlinkSync('a', join(root, 'c'));
  stampTree(root, 1000);
  utimesSync(join(root, 'a'), 2000, 2000);
  const { bytes, inodes, newest } = measureTree(root);
  expect([inodes, newest]).toEqual([3, 2000]);
  expect(bytes).toBe(8192 + 4096);
});

describe('sealing', () => {
  test('clamps times, empties what belongs to a running machine, and writes the files of engines anew', async () => {
    const root = temporaryDirectory();
    put(root, 'usr/lib/kairos/source-date-epoch', '5000\n');
    put(root, 'etc/hosts', 'engine');
    put(root, 'etc/resolv.conf', 'engine');
    put(root, 'run/.containerenv');
    put(root, 'old');
    utimesSync(join(root, 'old'), 100, 100);
    expect(await sealRoot(root)).toBe(5000);
    expect(statSync(join(root, 'old')).mtimeMs).toBe(100_000);
    expect(statSync(join(root, 'etc')).mtimeMs).toBe(5_000_000);
    expect(readFileSync(join(root, 'etc/hosts'), 'utf8')).toMatch(/^127\.0\.0\.1 localhost\n/);
    for (const gone of ['etc/resolv.conf', 'run/.containerenv'])
      expect(() => statSync(join(root, gone))).toThrow();
  });

  test('never writes through links that lead outside', async () => {
    const outside = temporaryDirectory();
    put(outside, 'hosts', 'mine');
    put(outside, 'precious', 'mine');
    const root = temporaryDirectory();
    put(root, 'usr/lib/kairos/source-date-epoch', '5000\n');
    symlinkSync(outside, join(root, 'etc'));
    symlinkSync(outside, join(root, 'tmp'));
    await failureOf(() => sealRoot(root), 'step');
    expect(readFileSync(join(outside, 'hosts'), 'utf8')).toBe('mine');
    expect(readFileSync(join(outside, 'precious'), 'utf8')).toBe('mine');
  });

  test('needs the epoch of the build', async () => {
    await failureOf(() => sealRoot(temporaryDirectory()), 'step');
  });
});

describe('conformance', () => {
  function goodRoot(): string {
    const root = temporaryDirectory();
    for (const directory of requiredDirectories([])) mkdirSync(join(root, directory), { recursive: true });
    const identity = {
      flavor: 'debian',
      flavorRelease: '12',
      family: 'debian',
      variant: 'core',
      arch: 'amd64',
      model: 'generic',
      version: 'v1.0.0',
    };
    put(root, 'etc/kairos-release', renderKairosRelease(identity, 'test'));
    put(root, 'etc/os-release', 'ID=debian\n');
    put(root, 'boot/vmlinuz-6', 'kernel');
    symlinkSync('vmlinuz-6', join(root, 'boot/vmlinuz'));
    put(root, 'boot/config-6', 'CONFIG_SQUASHFS_ZSTD=y\nCONFIG_OVERLAY_FS=m\nCONFIG_BLK_DEV_LOOP=m\n');
    put(root, 'boot/initrd', '\x1f\x8b…');
    writeFileSync(join(root, 'boot/initrd'), Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0]));
    for (const file of ['grub.cfg', 'bootargs.cfg']) put(root, `etc/cos/${file}`);
    for (const program of [
      'sh',
      'grub2-editenv',
      'rsync',
      'mkfs.ext2',
      'mkfs.ext4',
      'mkfs.vfat',
      'tune2fs',
      'sudo',
      'less',
      'mount',
    ]) {
      put(root, `usr/bin/${program}`);
    }
    put(root, 'usr/sbin/init');
    symlinkSync('usr/bin', join(root, 'bin'));
    symlinkSync('usr/sbin', join(root, 'sbin'));
    return root;
  }
  const failedChecks = async (root: string) =>
    (await checkConformance(root))
      .filter(({ passed, required }) => required && !passed)
      .map(({ check }) => check);

  test('a good root passes', async () => {
    expect(await failedChecks(goodRoot())).toEqual([]);
  });

  test.each<[string, (root: string) => void]>([
    ['machine-id', (root) => put(root, 'etc/machine-id', '0123\n')],
    ['host keys', (root) => put(root, 'etc/ssh/ssh_host_rsa_key', 'secret')],
    ['initramfs format', (root) => put(root, 'boot/initrd', 'noise!')],
    ['initramfs', (root) => put(root, 'boot/initrd', '')],
    ['kernel options', (root) => put(root, 'boot/config-6', 'CONFIG_OVERLAY_FS=m\n')],
    ['kairos-release', (root) => put(root, 'etc/kairos-release', 'KAIROS_RELEASE="v1"\n')],
    [
      'kairos-release quoting',
      (root) =>
        put(
          root,
          'etc/kairos-release',
          readFileSync(join(root, 'etc/kairos-release'), 'utf8').replaceAll('"', ''),
        ),
    ],
  ])('%s', async (check, damage) => {
    const root = goodRoot();
    damage(root);
    expect(await failedChecks(root)).toContain(check);
  });
});
