import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { fixDescriptor, vmdk } from '../../../../src/factory/artifacts/vmdk.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { copyOfDisk, makeSmallDisk } from './support/copy-of-disk.ts';

const descriptorOf = (file: string) => {
  const text = readFileSync(file).toString('latin1', 512, 512 + 20 * 512);
  return text.slice(0, text.indexOf('\0'));
};

describe('a VMDK', () => {
  test('is the raw disk, stream-optimized, to QEMU', async () => {
    const raw = makeSmallDisk(join(temporaryDirectory(), 'disk.raw'));
    const file = await copyOfDisk(vmdk, raw);
    const info = JSON.parse(await tool('qemu-img', 'info', '--output=json', file));
    expect(info).toMatchObject({
      format: 'vmdk',
      'virtual-size': 40 * 1024 * 1024 + 512,
      'format-specific': { data: { 'create-type': 'streamOptimized', cid: 0x0123_4567 } },
    });
    expect(await tool('qemu-img', 'check', file)).toContain('No errors');
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'vmdk', raw, file);
  });

  test('has the properties that VMware’s products accept', async () => {
    const text = descriptorOf(await copyOfDisk(vmdk, makeSmallDisk(join(temporaryDirectory(), 'disk.raw'))));
    for (const line of [
      'parentCID=ffffffff',
      'SPARSE "kairos-disk1.vmdk"',
      'createType="streamOptimized"',
      'ddb.adapterType = "lsilogic"',
      'ddb.virtualHWVersion = "6"',
    ]) {
      expect(text).toContain(line);
    }
  });

  test('has the same bytes wherever the filesystem has holes', async () => {
    const home = temporaryDirectory();
    const one = await copyOfDisk(vmdk, makeSmallDisk(join(home, 'a.raw')), { name: 'a' });
    const other = await copyOfDisk(vmdk, makeSmallDisk(join(home, 'b.raw'), { dense: true }), { name: 'b' });

    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  test.each([
    ['ffffffff', '7fffffff'],
    ['00000001', '00000001'],
    ['80000abc', '00000abc'],
  ])('of a disk whose sha256 begins with %s has the id %s', async (sha256, id) => {
    const file = join(temporaryDirectory(), 'disk.vmdk');
    await tool('qemu-img', 'create', '-q', '-f', 'vmdk', '-o', 'subformat=streamOptimized', file, '1M');
    await fixDescriptor(file, sha256.repeat(8));
    expect(descriptorOf(file)).toContain(`CID=${id}\nparentCID=ffffffff\n`);
  });

  test('of which qemu-img made something else is refused', async () => {
    const file = join(temporaryDirectory(), 'disk.vmdk');
    writeFileSync(file, Buffer.alloc(4096));
    await expect(fixDescriptor(file, 'ab'.repeat(32))).rejects.toMatchObject({ code: 'TOOL_FAILED' });
  });
});
