/**
 * What people read instead of the texts of Node.js, such as "EISDIR: illegal operation on a directory, read"; by the names of
 * errno(3). Each fits after "FILE cannot be read: ".
 */
const REASONS: ReadonlyMap<string, string> = new Map([
  ['EACCES', 'permission denied'],
  ['EBADF', 'the file was closed'],
  ['EBUSY', 'it is in use'],
  ['ECONNREFUSED', 'the connection is refused'],
  ['ECONNRESET', 'the connection was closed'],
  ['EDQUOT', 'the disk quota is used up'],
  ['EEXIST', 'a file with this name exists already'],
  ['EFBIG', 'the file is too large for the filesystem'],
  ['EINVAL', 'the system does not allow this'],
  ['EIO', 'the device reports an error'],
  ['EISDIR', 'it is a directory'],
  ['ELOOP', 'its symbolic links lead in a circle'],
  ['EMFILE', 'too many files are open'],
  ['ENAMETOOLONG', 'the name is too long'],
  ['ENFILE', 'too many files are open on this machine'],
  ['ENODEV', 'the device does not exist'],
  ['ENOENT', 'no such file or directory'],
  ['ENOEXEC', 'it is not a program for this machine'],
  ['ENOMEM', 'there is not enough memory'],
  ['ENOSPC', 'no space is left on the filesystem'],
  ['ENOTDIR', 'a part of the path is not a directory'],
  ['ENOTEMPTY', 'the directory is not empty'],
  ['ENOTSUP', 'the filesystem does not support this'],
  ['ENXIO', 'the device does not exist'],
  ['EPERM', 'the operation is not permitted'],
  ['EPIPE', 'the reader has gone'],
  ['EROFS', 'the filesystem is read-only'],
  ['ETIMEDOUT', 'there was no answer in time'],
  ['ETXTBSY', 'the program is running'],
  ['EXDEV', 'the two paths are on different filesystems'],
]);

/** Node.js: `CODE: text, syscall 'path'`. */
const NODE_TEXT = /^[A-Z][A-Z0-9_]+: (.*?)(?:, [a-z_]+(?: '.*)?)?$/s;

/** Whether an error was reported by the operating system. */
export function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && typeof (error as NodeJS.ErrnoException).errno === 'number';
}

/** The path that an error of the operating system is about, where it names one; both paths of a link or of a new name. */
export function placeOf(error: NodeJS.ErrnoException): string | undefined {
  const { path, dest } = error as NodeJS.ErrnoException & { readonly dest?: string };
  return path !== undefined && dest !== undefined ? `${path} and ${dest}` : path;
}

/** What an error of the operating system says, in plain words and without its path. */
export function systemReason(error: NodeJS.ErrnoException): string {
  // fs.rm and fs.cp have names of their own, such as ERR_FS_EISDIR.
  const code = error.code?.replace(/^ERR_FS_(?:CP_)?/, '') ?? '';
  return REASONS.get(code) ?? NODE_TEXT.exec(error.message)?.[1] ?? error.message;
}
