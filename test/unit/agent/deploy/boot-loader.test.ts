import { writeFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { type BootPlaces, placeBootLoader } from '../../../../src/agent/deploy/boot-loader.ts';
import { ASSESSMENT } from '../../../../src/common/contract/boot-assessment.ts';
import { CORE_SLOTS, coreImageStart, MENU_MODULES } from '../../../../src/common/contract/boot-loader.ts';
import { MIB } from '../../../../src/common/contract/partitions.ts';
import { testHost } from '../support/test-host.ts';

const PLACES: BootPlaces = {
  state: '/state',
  esp: '/esp',
  bios: { disk: '/dev/vda', device: '/dev/vda1', start: MIB },
};
const IMAGE = {
  '/image/etc/os-release': 'ID=debian\n',
  '/image/etc/cos/grub.cfg': 'menu',
  '/image/etc/kairos/branding/grubmenu.cfg': 'more',
  '/image/usr/lib/grub/i386-pc/boot.img': 'b'.repeat(512),
  '/image/usr/lib/grub/x86_64-efi/loopback.mod': 'module',
  '/image/usr/lib/grub/x86_64-efi/squash4.mod': 'module',
  '/image/usr/lib/grub/x86_64-efi/xzio.mod': 'module',
  '/image/usr/lib/grub/x86_64-efi/gzio.mod': 'module',
  '/image/usr/lib/grub/x86_64-efi/regexp.mod': 'module',
  '/image/usr/lib/shim/shimx64.efi.signed': 'shim',
  '/image/usr/lib/grub/x86_64-efi-signed/grubx64.efi.signed': 'grub',
  '/image/usr/share/grub/unicode.pf2': 'font',
};

/** A disk without a boot loader; `core.content` is the output of grub-mkimage. */
async function machine(core: { content: string }, image: Record<string, string> = IMAGE) {
  return testHost({
    files: { ...image, '/dev/vda': '\0'.repeat(512), '/dev/vda1': '\0'.repeat(MIB) },
    run: ({ args }) => {
      const output = args[args.indexOf('-o') + 1];
      if (args.includes('-o') && output !== undefined) writeFileSync(output, core.content);
      return '';
    },
  });
}

describe('placeBootLoader', () => {
  test('writes menu, modules, assessment, ESP and BIOS images to the places in the contract', async () => {
    await using host = await machine({ content: 'core'.repeat(300) });
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.list('/state/grub2')).toEqual(['fonts', 'grub.cfg', 'x86_64-efi']);
    expect(await host.readText('/state/grub2/grub.cfg')).toBe('menu');
    expect(await host.readText('/state/grubmenu')).toBe('more');
    expect((await host.stat(`/state${ASSESSMENT.environment}`))?.size).toBe(1024);
    expect(await host.readText('/esp/EFI/BOOT/BOOTX64.EFI')).toBe('shim');
    expect(await host.readText('/esp/EFI/BOOT/grubx64.efi')).toBe('grub');
    expect(await host.readText('/esp/EFI/debian/grub.cfg')).toContain('configfile $prefix/grub.cfg');
    const disk = (await host.readBytes('/dev/vda')) ?? Buffer.alloc(512);
    expect(coreImageStart(disk)).toBe(MIB + CORE_SLOTS[0]);
    expect(Buffer.from(disk.subarray(0x1b8)).every((byte) => byte === 0)).toBe(true);
  });

  test('writes nothing when nothing has changed', async () => {
    await using host = await machine({ content: 'core'.repeat(300) });
    await placeBootLoader(host, '/image', PLACES);
    const written: string[] = [];
    const watched = { ...host, write: async (path: string) => void written.push(path) };
    const before = [await host.readBytes('/dev/vda'), await host.readBytes('/dev/vda1')];
    await placeBootLoader(watched, '/image', PLACES);
    expect(written.filter((path) => !path.startsWith('/tmp/'))).toEqual([]);
    expect([await host.readBytes('/dev/vda'), await host.readBytes('/dev/vda1')]).toEqual(before);
  });

  test('writes a new core image next to the one in use, which stays', async () => {
    const core = { content: 'core'.repeat(300) };
    await using host = await machine(core);
    await placeBootLoader(host, '/image', PLACES);
    const first = Buffer.from((await host.readBytes('/dev/vda1')) ?? []).subarray(0, 1200);
    core.content = 'more'.repeat(400);
    await placeBootLoader(host, '/image', PLACES);
    const device = Buffer.from((await host.readBytes('/dev/vda1')) ?? []);
    expect(coreImageStart((await host.readBytes('/dev/vda')) ?? Buffer.alloc(512))).toBe(MIB + CORE_SLOTS[1]);
    expect(device.subarray(0, 1200)).toEqual(first);
    expect(device.subarray(CORE_SLOTS[1], CORE_SLOTS[1] + 4).toString()).toBe('more');
  });

  test('on arm64 writes the names of arm64, the files of the board, and nothing for BIOS', async () => {
    await using host = await testHost({
      arch: 'arm64',
      files: {
        ...IMAGE,
        '/image/usr/lib/shim/shimaa64.efi.signed': 'shim for arm64',
        '/image/usr/lib/shim/mmaa64.efi.signed': 'manager',
        '/image/usr/lib/grub/arm64-efi-signed/grubaa64.efi.signed': 'grub for arm64',
        ...Object.fromEntries(
          MENU_MODULES.map((name) => [`/image/usr/lib/grub/arm64-efi/${name}.mod`, 'module for arm64']),
        ),
        '/image/usr/lib/kairos/esp/config.txt': 'kernel=u-boot.bin\n',
        '/image/usr/lib/kairos/esp/overlays/x.dtbo': 'overlay',
      },
    });
    await placeBootLoader(host, '/image', { state: '/state', esp: '/esp' });
    expect(await host.list('/esp/EFI/BOOT')).toEqual([
      'BOOTAA64.EFI',
      'grub.cfg',
      'grubaa64.efi',
      'mmaa64.efi',
    ]);
    expect(await host.readText('/esp/EFI/BOOT/BOOTAA64.EFI')).toBe('shim for arm64');
    expect(await host.readText('/esp/EFI/BOOT/grubaa64.efi')).toBe('grub for arm64');
    expect(await host.readText('/esp/config.txt')).toBe('kernel=u-boot.bin\n');
    expect(await host.readText('/esp/overlays/x.dtbo')).toBe('overlay');
    expect(await host.list('/state/grub2')).toEqual(['arm64-efi', 'fonts', 'grub.cfg']);
    expect(await host.readText('/state/grub2/arm64-efi/loopback.mod')).toBe('module for arm64');
  });

  test('during an incomplete installation shows a notice and no system', async () => {
    await using host = await machine({ content: 'core'.repeat(300) });
    await placeBootLoader(host, '/image', { ...PLACES, menu: 'interrupted' });
    const menu = await host.readText('/state/grub2/grub.cfg');
    expect(menu).toContain('The installation of this machine was interrupted');
    expect(menu).not.toContain('menuentry');
  });

  test('writes the menu before anything that loads it', async () => {
    await using host = await machine({ content: '' });
    await expect(placeBootLoader(host, '/image', { ...PLACES, menu: 'interrupted' })).rejects.toThrow(
      'core image',
    );
    expect(await host.readText('/state/grub2/grub.cfg')).toContain('interrupted');
    const commands = host.commands();
    expect(commands.indexOf('fsfreeze --unfreeze /state')).toBeLessThan(
      commands.findIndex((command) => command.startsWith('grub-mkimage')),
    );
  });

  test('uses the file names on the ESP that SUSE programs expect', async () => {
    const suse = {
      '/image/etc/os-release': 'ID="opensuse-leap"\n',
      '/image/etc/cos/grub.cfg': 'menu',
      '/image/usr/share/efi/x86_64/shim.efi': 'shim',
      '/image/usr/share/efi/x86_64/MokManager.efi': 'mok',
      '/image/usr/share/efi/x86_64/grub.efi': 'grub',
    };
    await using host = await machine({ content: '' }, suse);
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.list('/esp/EFI')).toEqual(['BOOT', 'opensuse']);
    expect(await host.list('/esp/EFI/BOOT')).toEqual([
      'BOOTX64.EFI',
      'MokManager.efi',
      'grub.cfg',
      'grub.efi',
    ]);
  });

  test('uses the names of the distribution that the boot loader comes from, like the factory', async () => {
    const { '/image/etc/os-release': _, ...image } = IMAGE;
    await using host = await machine(
      { content: 'core'.repeat(300) },
      {
        ...image,
        '/image/usr/lib/os-release': 'ID=tiny\n',
        '/image/usr/lib/kairos/boot-loader-id': 'debian\n',
        '/usr/lib/os-release': 'ID=other\n',
      },
    );
    // An absolute link leads to a file of the image, not of the running system.
    await host.link('/usr/lib/os-release', '/image/etc/os-release');
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.list('/esp/EFI')).toEqual(['BOOT', 'debian']);
    await host.remove('/image/usr/lib/kairos/boot-loader-id');
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.list('/esp/EFI')).toEqual(['BOOT', 'debian', 'tiny']);
  });

  test('starts an unsigned GRUB of the image where the distribution has no shim', async () => {
    const unsigned = Object.fromEntries(
      Object.entries(IMAGE).filter(([path]) => !path.includes('.efi') && !path.includes('i386-pc')),
    );
    await using host = await machine({ content: 'made by grub-mkimage' }, unsigned);
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.readText('/esp/EFI/BOOT/BOOTX64.EFI')).toBe('made by grub-mkimage');
    expect(await host.list('/esp/EFI/BOOT')).toEqual(['BOOTX64.EFI', 'grub.cfg']);
  });

  test('supports only BIOS or UEFI if the image has files for one, and refuses an image without any', async () => {
    const bios = Object.fromEntries(Object.entries(IMAGE).filter(([path]) => !path.includes('efi')));
    await using host = await machine({ content: 'core'.repeat(300) }, bios);
    await placeBootLoader(host, '/image', PLACES);
    expect(await host.list('/esp')).toEqual([]);
    await using none = await machine({ content: '' }, { '/image/etc/os-release': 'ID=x\n' });
    await expect(placeBootLoader(none, '/image', PLACES)).rejects.toThrow(
      'no boot loader that fits this disk',
    );
  });
});
