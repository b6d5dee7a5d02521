import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { expect, test } from 'vitest';
import { oldGnuSparseHeader } from '../../../../../src/common/tar/old-gnu-header.ts';
import { ustarHeader } from '../../../../../src/common/tar/ustar-header.ts';
import { headOf } from '../../../../../src/factory/inspect/artifact/identify.ts';
import { refuseDiskTar, unreadFormat } from '../../../../../src/factory/inspect/artifact/unread-format.ts';
import { tool } from '../../../../support/tool.ts';
import { failureOf } from '../../../support/failure.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

test.each([
  ['vmdk', 'a VMDK'],
  ['vpc', 'a VHD whose size is dynamic'],
  ['vhdx', 'a VHDX'],
  ['vdi', 'a VDI'],
])('a disk of the format %s is named, with the command that converts it', async (format, name) => {
  const file = join(temporaryDirectory(), 'os.disk');
  await tool('qemu-img', 'create', '-q', '-f', format, file, '8M');
  const found = unreadFormat(await headOf(file), 'some/os.disk');
  expect(found?.message).toBe(`some/os.disk cannot be read in place: it is ${name}`);
  expect(found?.remedy).toBe('Convert it: qemu-img convert -O raw some/os.disk os.raw');
});

test('compressed and empty files are named, and others are not', () => {
  expect(unreadFormat(gzipSync('x'), 'os.raw.gz')?.remedy).toBe('Decompress it: gzip -dc os.raw.gz > os.raw');
  expect(unreadFormat(zstdCompressSync('x'), 'os.zst')?.code).toBe('ARTIFACT_UNREADABLE');
  expect(unreadFormat(Buffer.alloc(0), 'os.iso')?.message).toBe('os.iso is empty');
  expect(unreadFormat(Buffer.alloc(4096), 'zeros')).toBeUndefined();
});

test('a tar with a disk is refused, also compressed and cut in the middle, and one with a root is not', async () => {
  const modified = 0;
  const disk = oldGnuSparseHeader({ name: 'disk.raw', modified, map: { realSize: 512, regions: [] } });
  const cut = gzipSync(Buffer.concat([disk, Buffer.alloc(1 << 20)])).subarray(0, 600);
  for (const head of [disk, cut]) {
    const { message } = await failureOf(() => refuseDiskTar(Buffer.from(head), 'os.tar.gz'), 'usage');
    expect(message).toContain('Google Compute Engine');
  }
  const ovf = ustarHeader({ name: 'os.ovf', size: 10, modified });
  const { remedy } = await failureOf(() => refuseDiskTar(Buffer.from(ovf), 'os.ova'), 'usage');
  expect(remedy).toContain('tar -xf os.ova');
  refuseDiskTar(Buffer.from(ustarHeader({ name: 'etc/os-release', size: 10, modified })), 'root.tar');
});
