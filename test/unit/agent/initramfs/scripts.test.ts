import { mkdirSync, readFileSync, readlinkSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const SCRIPTS = join(PROJECT, 'templates/image/initramfs/usr/lib/kairos/initramfs');
/** The shell of an image with BusyBox, and one without. */
const SHELLS = [['busybox', 'sh'], ['dash']];

/** Runs functions of the scripts by a real shell, on a machine below a directory, and returns what they print. */
async function run(shell: readonly string[], root: string, commands: string): Promise<string> {
  const scripts = ['lib', 'devices'].map((name) => readFileSync(join(SCRIPTS, `${name}.sh`), 'utf8'));
  const text = [...scripts, commands]
    .join('\n')
    .replaceAll(/(?<=[\s"'<>=])\/(?=(?:proc|sys|run|dev)\/)/g, `${root}/`);
  const file = join(root, 'script');
  writeFileSync(
    file,
    text
      .replaceAll('${1#/dev/}', `\${1#${root}/dev/}`)
      .replaceAll('${kairos_node#/dev/}', `\${kairos_node#${root}/dev/}`),
  );
  return tool(shell[0] ?? 'sh', ...shell.slice(1), file);
}

function write(root: string, files: Readonly<Record<string, string>>): void {
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
}

describe.each(SHELLS.map((shell) => ({ shell, name: shell[0] })))('with $name', ({ shell }) => {
  test.each([
    ['root=/dev/a dyndbg="module root=x +p" init=/bin/b', '/dev/a|/bin/b'],
    ['"root=LABEL=a b" "init=/bin/b" quiet', 'LABEL=a b|/bin/b'],
    ['root=/dev/a x="never closed init=/bin/b', '/dev/a|/bin/b'],
    ['root=/dev/* init="/bin/b"', '/dev/*|/bin/b'],
  ])('double quotes of the command line keep an argument together: %s', async (line, expected) => {
    const root = temporaryDirectory();
    write(root, { 'proc/cmdline': `${line}\n` });
    const print = 'kairos_read_cmdline\nprintf "%s|%s" "$kairos_root" "$kairos_init"';
    expect(await run(shell, root, print)).toBe(expected);
  });

  test.each([
    ['the disk whose menu GRUB read', 'kairos_state_uuid=uuid-vdb5 kairos_find_boot_disk', 'vdb'],
    ['the disk of the partition that was mounted first', 'kairos_boot_from /dev/vdb5', 'vdb'],
    ['the first disk, until then', ':', 'vda'],
    [
      'the first disk, when that of the menu is missing',
      'kairos_state_uuid=uuid-x kairos_find_boot_disk',
      'vda',
    ],
  ])('names belong to %s', async (_, command, disk) => {
    const root = temporaryDirectory();
    write(root, { 'dev/kmsg': '', 'run/initramfs/kairos.log': '', 'sys/kernel/uevent_seqnum': '1\n' });
    const table = ['vda', 'vdb'].flatMap((name) =>
      [4, 5].map((number) => {
        const partition = `${name}${number}`;
        write(root, {
          [`dev/${partition}`]: '',
          [`sys/devices/${name}/${partition}/partition`]: `${number}\n`,
        });
        mkdirSync(join(root, 'sys/class/block'), { recursive: true });
        symlinkSync(`../../devices/${name}/${partition}`, join(root, 'sys/class/block', partition));
        return [
          `DEVNAME=${root}/dev/${partition}`,
          `LABEL=${number === 5 ? 'COS_STATE' : 'COS_OEM'}`,
          `UUID=uuid-${partition}`,
          `PARTUUID=same-${number}`,
          '',
        ].join('\n');
      }),
    );
    for (const name of ['vda', 'vdb'])
      symlinkSync(`../../devices/${name}`, join(root, 'sys/class/block', name));
    write(root, { table: table.join('\n') });
    await run(
      shell,
      root,
      [
        `blkid() { cat ${root}/table; }`,
        'kairos_load_drivers() { return 1; }',
        'sleep() { :; }',
        'KAIROS_ROOT_TIMEOUT=1 kairos_seen= kairos_probed= kairos_boot_disk= kairos_state_uuid=',
        'kairos_probe_devices',
        command,
      ].join('\n'),
    );
    const link = (path: string) => readlinkSync(join(root, 'dev/disk', path));
    expect(link('by-label/COS_STATE')).toBe(`../../${disk}5`);
    expect(link('by-label/COS_OEM')).toBe(`../../${disk}4`);
    expect(link('by-partuuid/same-4')).toBe(`../../${disk}4`);
    expect(link('by-uuid/uuid-vda5')).toBe('../../vda5');
    if (disk === 'vdb') {
      expect(readFileSync(join(root, 'run/udev/rules.d/61-kairos-boot-disk.rules'), 'utf8')).toBe(
        'SUBSYSTEM=="block", KERNEL=="vdb[0-9]*", OPTIONS+="link_priority=200"\n',
      );
    }
  });

  test('the drivers of devices are loaded, of each once, and those of a bus that a driver finds', async () => {
    const root = temporaryDirectory();
    const pci = 'pci:v00001AF4d00001001sv*';
    write(root, {
      'dev/null': '',
      'sys/kernel/uevent_seqnum': '1\n',
      'sys/bus/pci/devices/0000:00:01.0/modalias': `${pci}\n`,
      'sys/bus/pci/devices/0000:00:02.0/modalias': `${pci}\n`,
      'sys/bus/acpi/devices/LNXCPU:00/modalias': '\n',
      'sys/bus/platform/devices/odd/modalias': 'of:N(two words)\n',
      'sys/bus/platform/devices/quoted/modalias': "it's\n",
      'sys/class/dmi/id/modalias': 'dmi:bvnSeaBIOS:\n',
      'sys/devices/system/cpu/modalias': 'cpu:type:x86,ven0000:feature:,0000\n',
    });
    const printed = await run(
      shell,
      root,
      [
        'kairos_seen= kairos_names= kairos_aliases=',
        'modprobe() { echo "$*"; echo 2 >/sys/kernel/uevent_seqnum; }',
        'while kairos_load_drivers; do echo again; done',
        `mkdir -p ${root}/sys/bus/virtio/devices/virtio0`,
        'echo virtio:d00000002v00001AF4 >/sys/bus/virtio/devices/virtio0/modalias',
        'kairos_load_drivers || echo nothing has happened',
        'echo 3 >/sys/kernel/uevent_seqnum',
        'kairos_load_drivers',
        'case $- in *f*) echo "patterns are off" ;; esac',
      ].join('\n'),
    );
    expect(printed.split('\n')).toEqual([
      `-a -b -q -- ${pci} dmi:bvnSeaBIOS: cpu:type:x86,ven0000:feature:,0000`,
      'again',
      'again',
      'nothing has happened',
      '-a -b -q -- virtio:d00000002v00001AF4',
    ]);
  });
});
