import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { findBootFiles } from '../../../../src/common/contract/boot-files.ts';

/** File trees of the distributions' packages, which cannot be fetched here; a value that starts with `->` is a link. */
const TREES: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  // grub2-efi-x64, grub2-efi-x64-cdboot, grub2-efi-x64-modules, grub2-pc-modules, grub2-common, shim-x64.
  fedora: {
    '/boot/vmlinuz': '->vmlinuz-6.17.1-300.fc43.x86_64',
    '/boot/vmlinuz-6.17.1-300.fc43.x86_64': 'kernel',
    '/boot/efi/EFI/fedora/shimx64.efi': 'shim',
    '/boot/efi/EFI/fedora/mmx64.efi': 'mok',
    '/boot/efi/EFI/fedora/grubx64.efi': 'grub',
    '/boot/efi/EFI/fedora/gcdx64.efi': 'grub for media',
    '/usr/lib/grub/i386-pc/boot.img': '',
    '/usr/lib/grub/x86_64-efi/normal.mod': '',
    '/boot/grub2/fonts/unicode.pf2': 'font',
  },
  // The same programs in newer packages, which put them where a tool that updates the ESP looks.
  'fedora, payloads': {
    '/boot/vmlinuz': 'kernel',
    '/usr/lib/efi/shim/16.1-5/EFI/fedora/shimx64.efi': 'shim',
    '/usr/lib/efi/shim/16.1-5/EFI/fedora/mmx64.efi': 'mok',
    '/usr/lib/efi/grub2/2.12-49/EFI/fedora/grubx64.efi': 'grub',
    '/usr/lib/efi/grub2/2.12-49/EFI/fedora/gcdx64.efi': 'grub for media',
    '/usr/lib/grub/i386-pc/boot.img': '',
    '/usr/lib/grub/x86_64-efi/normal.mod': '',
    '/usr/share/grub/unicode.pf2': 'font',
  },
  // shim, grub2-x86_64-efi, grub2-i386-pc, grub2: signed programs are links.
  opensuse: {
    '/boot/vmlinuz': '->vmlinuz-6.4.0-150600.23-default',
    '/boot/vmlinuz-6.4.0-150600.23-default': '->../usr/lib/modules/6.4.0-150600.23-default/vmlinuz',
    '/usr/lib/modules/6.4.0-150600.23-default/vmlinuz': 'kernel',
    '/usr/share/efi/x86_64/shim.efi': '->shim-opensuse.efi',
    '/usr/share/efi/x86_64/shim-opensuse.efi': 'shim',
    '/usr/share/efi/x86_64/MokManager.efi': 'mok',
    '/usr/share/efi/x86_64/grub.efi': '->/usr/share/grub2/x86_64-efi/grub.efi',
    '/usr/share/grub2/x86_64-efi/grub.efi': 'grub',
    '/usr/share/grub2/x86_64-efi/normal.mod': '',
    '/usr/share/grub2/i386-pc/boot.img': '',
    '/usr/share/grub2/unicode.pf2': 'font',
  },
  // grub, grub-efi, grub-bios; there is no shim.
  alpine: {
    '/boot/vmlinuz': '->vmlinuz-lts',
    '/boot/vmlinuz-lts': 'kernel',
    '/usr/lib/grub/x86_64-efi/normal.mod': '',
    '/usr/lib/grub/i386-pc/boot.img': '',
    '/usr/share/grub/unicode.pf2': 'font',
  },
};

async function lay(files: Readonly<Record<string, string>>) {
  const root = await mkdtemp(join(tmpdir(), 'boot-files-'));
  for (const [path, content] of Object.entries(files)) {
    await mkdir(dirname(join(root, path)), { recursive: true });
    if (content.startsWith('->')) await symlink(content.slice(2), join(root, path));
    else await writeFile(join(root, path), content);
  }
  return { root, [Symbol.asyncDispose]: async () => rm(root, { recursive: true }) };
}

describe('boot files are found where the packages put them', () => {
  const expected: Record<string, Record<string, string | undefined>> = {
    fedora: {
      kernel: '/boot/vmlinuz-6.17.1-300.fc43.x86_64',
      shim: '/boot/efi/EFI/fedora/shimx64.efi',
      mokManager: '/boot/efi/EFI/fedora/mmx64.efi',
      grub: '/boot/efi/EFI/fedora/grubx64.efi',
      grubLive: '/boot/efi/EFI/fedora/gcdx64.efi',
      biosModules: '/usr/lib/grub/i386-pc',
      efiModules: '/usr/lib/grub/x86_64-efi',
    },
    'fedora, payloads': {
      shim: '/usr/lib/efi/shim/16.1-5/EFI/fedora/shimx64.efi',
      mokManager: '/usr/lib/efi/shim/16.1-5/EFI/fedora/mmx64.efi',
      grub: '/usr/lib/efi/grub2/2.12-49/EFI/fedora/grubx64.efi',
      grubLive: '/usr/lib/efi/grub2/2.12-49/EFI/fedora/gcdx64.efi',
    },
    opensuse: {
      kernel: '/usr/lib/modules/6.4.0-150600.23-default/vmlinuz',
      shim: '/usr/share/efi/x86_64/shim-opensuse.efi',
      mokManager: '/usr/share/efi/x86_64/MokManager.efi',
      grub: '/usr/share/grub2/x86_64-efi/grub.efi',
      grubLive: '/usr/share/grub2/x86_64-efi/grub.efi',
      biosModules: '/usr/share/grub2/i386-pc',
      efiModules: '/usr/share/grub2/x86_64-efi',
    },
    alpine: {
      kernel: '/boot/vmlinuz-lts',
      shim: undefined,
      grub: undefined,
      biosModules: '/usr/lib/grub/i386-pc',
      efiModules: '/usr/lib/grub/x86_64-efi',
    },
  };
  test.each(Object.entries(expected))('%s', async (name, places) => {
    await using tree = await lay(TREES[name] ?? {});
    const found = await findBootFiles(tree.root, 'amd64');
    expect(found).toMatchObject(
      Object.fromEntries(
        Object.entries(places).map(([key, path]) => [key, path === undefined ? undefined : tree.root + path]),
      ),
    );
    expect(found.fonts).toHaveLength(1);
  });
});
