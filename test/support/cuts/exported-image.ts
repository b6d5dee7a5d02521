import { stat, writeFile } from 'node:fs/promises';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';

/** A disk of QEMU as a file, which the kernel can use as a loop device. */
export interface ExportedImage extends AsyncDisposable {
  readonly path: string;
}

/**
 * Exports a disk of QEMU as the file `path` through FUSE. What is synced there is flushed to the disk.
 * @param drive properties of the block device, such as `driver=qcow2,file.driver=file,file.filename=…`
 */
export async function exportImage(path: string, drive: string): Promise<ExportedImage> {
  await writeFile(path, '');
  const daemon = execa(
    'qemu-storage-daemon',
    [
      ...['--blockdev', `${drive},node-name=disk`],
      ...['--export', `type=fuse,id=export,node-name=disk,mountpoint=${path},writable=on`],
    ],
    { reject: false },
  );
  for (let tries = 0; (await stat(path)).size === 0; tries += 1) {
    if (tries === 100) throw new Error(`${path} was not exported: ${(await daemon).stderr}`);
    await setTimeout(50);
  }
  return {
    path,
    [Symbol.asyncDispose]: async () => {
      daemon.kill('SIGTERM');
      await daemon;
    },
  };
}

/** Whether this machine can export and mount disks. */
export async function canExport(): Promise<boolean> {
  const there = await Promise.all(
    ['/dev/fuse', '/dev/loop-control'].map((path) =>
      stat(path).then(
        () => true,
        () => false,
      ),
    ),
  );
  return process.getuid?.() === 0 && !there.includes(false);
}
