import { z } from 'zod';
import type { HostTool } from './host-tool.ts';
import type { Runner } from './runner.ts';

export const QEMU_IMG: HostTool = {
  name: 'qemu-img',
  package: 'qemu-utils',
  purpose: 'makes the qcow2',
  version: {
    args: ['--version'],
    pattern: /version (\d+(?:\.\d+)*)/,
    range: '>=5.1.0',
    reason: 'older versions lack zstd compression in qcow2',
  },
};

/**
 * Converts a raw disk image to a compressed qcow2. Without -W, which is a third faster but writes clusters in the order in
 * which they become ready.
 */
export async function convertToQcow2(runner: Runner, raw: string, output: string): Promise<void> {
  const args = ['convert', '-f', 'raw', '-O', 'qcow2', '-c', '-o', 'compression_type=zstd'];
  await runner.run(QEMU_IMG, [...args, raw, output]);
}

/**
 * Converts a raw disk image to a stream-optimized VMDK: compressed, and with the properties that VMware's products accept. Its content
 * id is random.
 */
export async function convertToVmdk(runner: Runner, raw: string, output: string): Promise<void> {
  const format = 'subformat=streamOptimized,adapter_type=lsilogic,compat6=on';
  await runner.run(QEMU_IMG, ['convert', '-f', 'raw', '-O', 'vmdk', '-o', format, raw, output]);
}

/** Creates an empty qcow2 disk. @param size in the notation of qemu-img, such as `32G` */
export async function createDisk(runner: Runner, file: string, size: string): Promise<void> {
  await runner.run(QEMU_IMG, ['create', '-q', '-f', 'qcow2', file, size]);
}

/**
 * Creates a qcow2 disk with the content of another image, which stays as it is.
 * @param image.size in the notation of qemu-img; the disk may be larger than the image. That of the image when absent
 */
export async function createOverlay(
  runner: Runner,
  file: string,
  image: { readonly backing: string; readonly format: string; readonly size?: string },
): Promise<void> {
  const { backing, format, size } = image;
  const args = ['create', '-q', '-f', 'qcow2', '-b', backing, '-F', format, file];
  await runner.run(QEMU_IMG, size === undefined ? args : [...args, size]);
}

const Info = z.object({ 'full-backing-filename': z.string().optional() });

/** The image whose content a qcow2 disk continues; `undefined` for a disk of its own. */
export async function backingFile(runner: Runner, file: string): Promise<string | undefined> {
  // -U: another machine may run from it, which QEMU itself refuses with a better message.
  const { stdout } = await runner.run(QEMU_IMG, ['info', '-U', '--output=json', '-f', 'qcow2', file]);
  return Info.parse(JSON.parse(stdout))['full-backing-filename'];
}

const Extents = z.array(z.object({ start: z.number(), length: z.number(), data: z.boolean() }));

/**
 * The parts of a raw file that its filesystem stores, in ascending order: [offset, size] in bytes. Where the filesystem does not
 * say where its holes are, that is the whole file.
 */
export async function storedExtents(
  runner: Runner,
  raw: string,
): Promise<(readonly [offset: number, size: number])[]> {
  const { stdout } = await runner.run(QEMU_IMG, ['map', '--output=json', '-f', 'raw', raw]);
  const extents = Extents.parse(JSON.parse(stdout));
  return extents.filter(({ data }) => data).map(({ start, length }) => [start, length] as const);
}

/** Converts a disk image of any format to a sparse raw file. */
export async function convertToRaw(runner: Runner, image: string, output: string): Promise<void> {
  await runner.run(QEMU_IMG, ['convert', '-O', 'raw', image, output]);
}
