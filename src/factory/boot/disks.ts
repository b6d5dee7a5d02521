import { open, stat } from 'node:fs/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isQcow2 } from '../media/qcow2.ts';
import { backingFile, createDisk, createOverlay } from '../tools/qemu-img.ts';
import type { Runner } from '../tools/runner.ts';
import { diskFormat } from './machine.ts';

/** Enough for the slots and some gigabytes of data; the file is sparse. */
const TARGET_SIZE = '32G';

/**
 * The disk to install to: created if the file does not exist.
 * @throws FactoryError `usage` for a file of another format, or a directory
 */
export async function installationDisk(runner: Runner, file: string): Promise<string> {
  if (!(await isDisk(file, '--disk'))) await createDisk(runner, file, TARGET_SIZE);
  return file;
}

/**
 * The disk that keeps what a machine writes, and leaves the artifact as it is: created if the file does not exist.
 * @returns its path
 * @throws FactoryError `usage` for an ISO, and for a file of another name, format or artifact
 */
export async function persistentDisk(
  runner: Runner,
  { artifact, file }: { readonly artifact: string; readonly file: string },
): Promise<string> {
  if (artifact.endsWith('.iso'))
    throw new FactoryError('OPTION_CONFLICT', 'an ISO keeps nothing that its system writes', {
      remedy: 'Install it to a disk of its own: --disk FILE.',
    });
  if (!file.endsWith('.qcow2'))
    throw new FactoryError('OPTION_INVALID', `--persist: ${file} does not end in .qcow2`, {
      remedy: `Write --persist ${file}.qcow2.`,
    });
  if (!(await isDisk(file, '--persist'))) {
    await createOverlay(runner, file, { backing: artifact, format: diskFormat(artifact) });
    return file;
  }
  const backing = await backingFile(runner, file);
  if (backing === artifact) return file;
  const what = backing === undefined ? 'is a disk of its own' : `belongs to ${backing}`;
  throw new FactoryError('OPTION_CONFLICT', `--persist: ${file} ${what}, not to ${artifact}`, {
    remedy: 'Give another file. It is created if it does not exist.',
  });
}

/** Whether the file is a qcow2, or does not exist. @throws FactoryError `usage` for anything else */
async function isDisk(file: string, flag: string): Promise<boolean> {
  const stats = await stat(file).catch(() => undefined);
  if (stats === undefined) return false;
  if (stats.isFile()) {
    await using handle = await open(file);
    const head = Buffer.alloc(4);
    await handle.read(head, 0, head.length, 0);
    if (isQcow2(head)) return true;
  }
  const what = stats.isDirectory() ? 'a directory' : 'not a qcow2 file';
  throw new FactoryError('FILE_NOT_FOUND', `${flag}: ${file} is ${what}`, {
    remedy: 'Give a name that does not exist yet, such as node.qcow2: the disk is created.',
  });
}
