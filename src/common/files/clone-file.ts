import { constants } from 'node:fs';
import { copyFile, link, open, rm, utimes } from 'node:fs/promises';

const CHUNK = 4 * 1024 * 1024;
const ZEROS = Buffer.alloc(CHUNK);
/** A file system that shares no blocks (ioctl_ficlone(2)), or another one than the source's. */
const NO_CLONE = new Set(['ENOTSUP', 'EOPNOTSUPP', 'ENOTTY', 'ENOSYS', 'EINVAL', 'EXDEV', 'EPERM', 'EBADF']);
/** Another file system, one without links, or a file that has all that it may have (link(2)). */
const NO_LINK = new Set(['EXDEV', 'EPERM', 'EMLINK', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS']);

/** How a file was multiplied. */
export type Clone = 'reflink' | 'link' | 'copy';

/**
 * Makes `target`, which must not exist, the same as `source`, with its times: by shared blocks, which later changes of
 * one keep from the other; else by a hard link; else by a copy in which holes stay holes.
 * @throws the file system's error
 */
export async function cloneFile(
  source: string,
  target: string,
  times: { readonly mtime: Date },
  signal: AbortSignal,
): Promise<Clone> {
  if (
    await succeeds(
      copyFile(source, target, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE_FORCE),
      NO_CLONE,
    )
  ) {
    await utimes(target, times.mtime, times.mtime);
    return 'reflink';
  }
  await rm(target, { force: true });
  if (await succeeds(link(source, target), NO_LINK)) return 'link';
  await copySparse(source, target, signal);
  await utimes(target, times.mtime, times.mtime);
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
    if (!chunk.equals(ZEROS.subarray(0, bytesRead))) await to.write(chunk, 0, bytesRead, offset);
    offset += bytesRead;
    await to.truncate(offset);
  }
  await to.sync();
}
