import { readFileSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { vhd } from '../../../../src/factory/artifacts/vhd.ts';
import { vhdFooter } from '../../../../src/factory/artifacts/vhd-footer.ts';
import { tool } from '../../../support/tool.ts';
import { temporaryDirectory } from '../../support/temporary.ts';
import { copyOfDisk, makeSmallDisk } from './support/copy-of-disk.ts';
import { EPOCH } from './support/inputs.ts';
import { realRunner } from './support/runner.ts';

const MIB = 1024 * 1024;

describe('a VHD', () => {
  test('is the raw disk, rounded up to 1 MiB, with a footer, to QEMU', async () => {
    const raw = makeSmallDisk(join(temporaryDirectory(), 'disk.raw'));
    const file = await copyOfDisk(vhd, raw);
    expect(statSync(file).size).toBe(41 * MIB + 512);
    const info = JSON.parse(await tool('qemu-img', 'info', '--output=json', '-f', 'vpc', file));
    expect(info).toMatchObject({ format: 'vpc', 'virtual-size': 41 * MIB });
    // Without --strict, the longer disk may have zeros after the end of the other.
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'vpc', raw, file);
  });

  test('has the holes of the disk, and some for stored zeros', async () => {
    const raw = makeSmallDisk(join(temporaryDirectory(), 'disk.raw'));
    const { blocks } = statSync(await copyOfDisk(vhd, raw));
    expect(blocks * 512).toBeLessThan(7 * MIB);
  });

  test('has the same bytes wherever the filesystem has holes', async () => {
    const home = temporaryDirectory();
    const one = await copyOfDisk(vhd, makeSmallDisk(join(home, 'a.raw')), { name: 'a' });
    const other = await copyOfDisk(vhd, makeSmallDisk(join(home, 'b.raw'), { dense: true }), { name: 'b' });
    expect(readFileSync(one).equals(readFileSync(other))).toBe(true);
  });

  test('has an id of its content and the time of the image', async () => {
    const home = temporaryDirectory();
    const one = makeSmallDisk(join(home, 'a.raw'));
    const other = makeSmallDisk(join(home, 'b.raw'), { size: 32 * MIB });
    const footers = [];
    for (const [name, raw] of Object.entries({ one, other }))
      footers.push(readFileSync(await copyOfDisk(vhd, raw, { name })).subarray(-512));
    const [a, b] = footers;
    expect(a?.readUInt32BE(24)).toBe(EPOCH - 946_684_800);
    expect(a?.subarray(68, 84)).not.toEqual(b?.subarray(68, 84));
  });

  test('stops when the build is interrupted', async () => {
    const raw = makeSmallDisk(join(temporaryDirectory(), 'disk.raw'));
    const signal = AbortSignal.abort(new Error('enough'));
    await expect(copyOfDisk(vhd, raw, { signal, runner: realRunner() })).rejects.toThrow('enough');
  });
});

describe('the footer', () => {
  const facts = { uuid: '00112233-4455-6677-8899-aabbccddeeff', epoch: EPOCH };

  test.each([
    ['8 MiB', 8 * MIB],
    ['127 MiB', 127 * MIB],
    ['505 MiB', 505 * MIB],
    ['6 GiB', 6144 * MIB],
    ['100 GiB', 100 * 1024 * MIB],
    ['2 TiB', 2040 * 1024 * MIB],
  ])('of %s is that of qemu-img, but for the id and the time', async (_, size) => {
    const file = join(temporaryDirectory(), 'disk.vhd');
    await tool(
      'qemu-img',
      'create',
      '-q',
      '-f',
      'vpc',
      '-o',
      'subformat=fixed,force_size=on',
      file,
      `${size}`,
    );
    expect(statSync(file).size).toBe(size + 512);
    const theirs = Buffer.alloc(512);
    await using handle = await open(file);
    await handle.read(theirs, 0, 512, size);
    const ours = vhdFooter({ size, ...facts });
    for (const footer of [theirs, ours]) {
      footer.fill(0, 24, 28);
      // The creator and its version.
      footer.fill(0, 32, 36);
      footer.fill(0, 64, 68);
      footer.fill(0, 68, 84);
    }
    expect(ours.toString('hex')).toBe(theirs.toString('hex'));
  });

  test('has the one’s complement of the sum of its bytes', () => {
    const footer = vhdFooter({ size: 8 * MIB, ...facts });
    const sum = footer.readUInt32BE(64);
    footer.fill(0, 64, 68);
    expect(~footer.reduce((total, byte) => total + byte, 0) >>> 0).toBe(sum);
  });
});
