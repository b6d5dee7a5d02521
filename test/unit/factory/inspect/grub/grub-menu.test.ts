import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { grubEnvironment } from '../../../../../src/common/contract/grub-environment.ts';
import { bootargs } from '../../../../../src/common/contract/kernel-command-line.ts';
import type { GrubFiles } from '../../../../../src/factory/inspect/grub/grub-files.ts';
import { grubMenu } from '../../../../../src/factory/inspect/grub/grub-menu.ts';
import { PROJECT } from '../../../../support/factory.ts';

/** Files by `DEVICE:PATH`. Partitions are devices by their label. */
function files(contents: Readonly<Record<string, string | Buffer>>): GrubFiles {
  const at = (device: string, path: string) => contents[`${device}:${path}`];
  return {
    search: async ({ label, file }) =>
      label ??
      Object.keys(contents)
        .find((key) => key.endsWith(`:${file}`))
        ?.split(':')[0],
    size: async (device, path) => at(device, path)?.length,
    read: async (device, path) => {
      const found = at(device, path);
      return found === undefined ? undefined : Buffer.from(found);
    },
  };
}

const ARGUMENTS = bootargs({ consoles: ['ttyS0'], arguments: [] });

describe('the menu of an installed system', () => {
  test('has the command line of each slot', async () => {
    const script = await readFile(join(PROJECT, 'templates/image/common/etc/cos/grub.cfg'), 'utf8');
    const menu = await grubMenu(
      script,
      'COS_STATE',
      files({
        'COS_STATE!/cOS/active.img:/etc/cos/bootargs.cfg': ARGUMENTS,
        'COS_RECOVERY:/cOS/recovery.squashfs': 'hsqs',
        'COS_RECOVERY!/cOS/recovery.squashfs:/etc/cos/bootargs.cfg': ARGUMENTS,
        'COS_OEM:/grubenv': grubEnvironment({ extra_cmdline: 'one two=2', default_menu_entry: 'Mine' }),
      }),
    );
    expect(menu.map(({ title, id }) => [title, id])).toEqual([
      ['Mine', 'cos'],
      ['Mine (fallback)', 'fallback'],
      ['Mine recovery', 'recovery'],
      ['Mine state reset (auto)', 'statereset'],
    ]);
    const [active, passive, recovery, reset] = menu.map(({ commandLine }) => commandLine);
    expect(active).toMatch(
      /^console=ttyS0 console=tty1 .* root=LABEL=COS_ACTIVE cos-img\/filename=\/cOS\/active\.img selinux=0 one two=2$/,
    );
    // The image has no command line, so it is not booted.
    expect(passive).toBeUndefined();
    expect(recovery).toContain(
      'root=live:LABEL=COS_RECOVERY rd.live.dir=/ rd.live.squashimg=/cOS/recovery.squashfs',
    );
    expect(reset).toMatch(/ vga=795 nomodeset kairos\.reset$/);
  });

  test("in the form of upstream's menus", async () => {
    const script = `
set timeout=10
if [ -n "\${extra}" -o "\${grub_platform}" = efi ]; then
  set rest="$extra"; else
  set rest='quiet "as it is"'
fi
menuentry "Kairos \${kind}" --class os --unrestricted --id 'cos' {
  search --no-floppy --label --set=root COS_STATE # a comment
  set img=/cOS/active.img
  set label=COS_ACTIVE
  loopback loop0 /$img
  set root=($root)
  source (loop0)/etc/cos/bootargs.cfg
  linux (loop0)$kernel $kernelcmd \\
    \${rest} \${nothing}
  initrd (loop0)$initramfs
}
submenu "More" { menuentry "inner" { linux /kernel a } }
`;
    const menu = await grubMenu(
      script,
      'COS_STATE',
      files({
        'COS_STATE!//cOS/active.img:/etc/cos/bootargs.cfg':
          'set kernel=/boot/vmlinuz\nset kernelcmd="root=LABEL=$label"',
      }),
    );
    expect(menu).toEqual([
      { title: 'Kairos ', id: 'cos', commandLine: 'root=LABEL=COS_ACTIVE quiet "as it is"' },
      { title: 'More' },
    ]);
  });
});

test('a script that does not end is stopped', async () => {
  const script = 'function again { again; again; }\nagain\nmenuentry x { again\nlinux /k y }';
  expect(await grubMenu(script, 'd', files({}))).toEqual([]);
  const sourced = await grubMenu(
    'source /self\nmenuentry x { true }',
    'd',
    files({ 'd:/self': 'source /self' }),
  );
  expect(sourced).toEqual([{ title: 'x' }]);
});

test('a script that is cut short is read as far as it goes', async () => {
  expect(await grubMenu('menuentry "a" { linux /k one "two', 'd', files({}))).toEqual([
    { title: 'a', commandLine: 'one two' },
  ]);
  expect(await grubMenu('if true; then menuentry b {\nlinux /k $', 'd', files({}))).toEqual([
    { title: 'b', commandLine: '$' },
  ]);
});
