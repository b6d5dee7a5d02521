import { renderKairosRelease } from '../../../src/common/contract/kairos-release.ts';
import { EPOCH_FILE, requiredDirectories } from '../../../src/common/contract/system-layout.ts';
import { DIRECTORY, plant } from './temporary.ts';

export const RELEASE = renderKairosRelease(
  {
    flavor: 'debian',
    flavorRelease: '12',
    family: 'debian',
    variant: 'core',
    arch: 'amd64',
    model: 'generic',
    version: 'v1.2.3',
  },
  'test',
);
export const CONFIG = 'CONFIG_SQUASHFS_ZSTD=y\nCONFIG_OVERLAY_FS=m\nCONFIG_BLK_DEV_LOOP=m\n';
const PROGRAMS = {
  'usr/bin': ['sh', 'kairos-agent', 'rsync', 'sudo', 'less', 'mount', 'grub2-editenv'],
  'usr/sbin': ['init', 'mkfs.ext2', 'mkfs.ext4', 'mkfs.vfat', 'tune2fs'],
};

/** Plants the smallest tree that is an OS into a directory. */
export function plantOs(directory: string): string {
  const directories = requiredDirectories([]).map((path) => [path, DIRECTORY] as const);
  const programs = Object.entries(PROGRAMS).flatMap(([directory, names]) =>
    names.map((name) => [`${directory}/${name}`, ''] as const),
  );
  return plant(directory, {
    ...Object.fromEntries(directories),
    ...Object.fromEntries(programs),
    bin: { link: 'usr/bin' },
    sbin: { link: '/usr/sbin' },
    'usr/lib/os-release': 'ID=debian\nVERSION_ID="12"\n',
    'etc/os-release': { link: '../usr/lib/os-release' },
    'etc/kairos-release': RELEASE,
    'etc/machine-id': '',
    'etc/cos/grub.cfg': 'menu',
    'etc/cos/bootargs.cfg': 'bootargs',
    'boot/vmlinuz-6.1.0': 'kernel',
    'boot/config-6.1.0': CONFIG,
    'boot/vmlinuz': { link: 'vmlinuz-6.1.0' },
    'boot/initrd': Buffer.from([0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0]),
    'usr/lib/shim/shimx64.efi.signed': 'shim',
    'usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': 'grub',
    'usr/lib/grub/i386-pc/boot.img': 'grub',
    'usr/share/grub/unicode.pf2': 'font',
    [EPOCH_FILE]: '1700000000\n',
  });
}
