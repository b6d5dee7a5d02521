import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startGuest } from './guest.ts';
import { makeOtherDisk } from './other-disk.ts';

const TIMEOUT = 1_500_000;
const CONFIG = '#cloud-config\nusers: [{name: a, groups: [admin], passwd: a}]\n';

test.runIf(process.env['KAIROS_FACTORY_TEST_ALL'] === '1')(
  'a disk with sectors of 4096 bytes is installed and boots from UEFI, and another disk with a system stays as it is',
  async () => {
    const { artifact } = await testBuild();
    const directory = await mkdtemp(join(TEST_HOME, 'large-'));
    try {
      const disk = join(directory, 'large.qcow2');
      await tool('qemu-img', 'create', '-q', '-f', 'qcow2', disk, '16G');
      const other = await makeOtherDisk(directory);
      const before = await other.digest();
      const sectors = 'logical_block_size=4096,physical_block_size=4096';
      await using guest = await startGuest(
        { artifact: artifact('iso'), attachment: 'cdrom', firmware: 'uefi', before: other.arguments },
        [
          ...['-drive', `if=none,id=large,format=qcow2,file=${disk}`],
          ...['-device', `virtio-blk-pci,drive=large,bootindex=0,${sectors}`],
        ],
      );
      await guest.login();
      expect(await guest.run('cat /sys/block/vda/queue/logical_block_size')).toBe('4096');
      await guest.run(`printf ${JSON.stringify(CONFIG).replaceAll('"', "'")} >/run/config.yaml`);
      const installed = await guest.attempt(
        'kairos-agent manual-install /run/config.yaml --device /dev/vda',
        TIMEOUT,
      );
      expect([installed.status, installed.output]).toEqual([
        0,
        expect.stringMatching(/\/dev\/sda also has a Kairos system/),
      ]);
      await guest.reboot();
      expect(await guest.run('ls /run/cos/*_mode')).toBe('/run/cos/active_mode');
      expect(await guest.run('systemctl is-system-running --wait')).toBe('running');
      expect(await guest.run('findmnt -no SOURCE /oem; findmnt -nro SOURCE /usr/local | head -n 1')).toBe(
        '/dev/vda2\n/dev/vda5',
      );
      expect(await guest.run('ls /run/other-disk')).toMatch(/No such file/);
      expect(await other.digest()).toBe(before);
    } finally {
      await rm(directory, { recursive: true, force: true });
    }
  },
);
