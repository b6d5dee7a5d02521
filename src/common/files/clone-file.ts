import { constants } from 'node:fs';
import { copyFile, link, open, rm, utimes } from 'node:fs/promises';
import { writeAt } from './write-at.ts';

const CHUNK = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK);
/** Errors of a filesystem that cannot share blocks, or of one that is not the source's (ioctl_ficlone(2)). */
const NO_CLONE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOTTY', 'ENOSYS', 'EINVAL', 'EXDEV', 'EPERM', 'EBADF']);
/** Errors of another filesystem, of one without hard links, or of a file with the maximum number of links (link(2)). */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** How a file was cloned. */
export type Clone = 'reflink' | 'link' | 'copy';

/**
 * Creates `target`, which must not exist, with the content of `source`: as a reflink, whose shared blocks are copied on
 * write; else as a hard link; else as a copy that preserves holes.
 * @param options `mtime` is the modification time of `target`; `signal` aborts a copy
 * @throws the error of the filesystem, or the reason of the signal
 */
export async function cloneFile(
  source: string,
  target: string,
  { mtime, signal }: { readonly mtime: Date; readonly signal: AbortSignal },
): Promise<Clone> {
  if (
    await succeeds(
      copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE),
      NO_CLONE,
    )
  ) {
    await utimes(target, mtime, mtime);
    return 'reflink';
  }
  await rm(target, { force: true });
  if (await succeeds(link(source, target), NO_LINK)) return 'link';
  await copySparse(source, target, signal);
  await utimes(target, mtime, mtime);
  return 'copy';
}

async function succeeds(work: Promise<unknown>, expected: ReadonlySet<string>): Promise<boolean> {
  return work.then(
    () => true,
    (error: NodeJS.ErrnoException) => {
      if (expected.has(error.code ?? '')) return false;
      throw error;
    },
  );
}

async function copySparse(source: string, target: string, signal: AbortSignal): Promise<void> {
  await using from = await open(source);
  await using to = await open(target, 'wx');
  const buffer = Buffer.alloc(CHUNK);
  for (let offset = 0; ; ) {
    signal.throwIfAborted();
    const { bytesRead } = await from.read(buffer, 0, CHUNK, offset);
    if (bytesRead === 0) break;
    const chunk = buffer.subarray(0, bytesRead);
    if (!chunk.equals(ZEROS.subarray(0, bytesRead))) await writeAt(to, chunk, offset);
    offset += bytesRead;
    await to.truncate(offset);
  }
  await to.sync();
}
