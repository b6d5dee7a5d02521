/** A file of the archive. Everything belongs to root. */
export interface CpioEntry {
  /** Without a leading slash. */
  readonly path: string;
  /** Type and permission bits of `st_mode`. */
  readonly mode: number;
  readonly content?: Uint8Array;
  /** Major and minor number of a device. */
  readonly device?: readonly [number, number];
}

const TYPE = { directory: 0o040000, file: 0o100000, link: 0o120000, character: 0o020000 } as const;

/** A regular file. */
export const file = (path: string, content: Uint8Array | string, mode = 0o644): CpioEntry => ({
  path,
  mode: TYPE.file | mode,
  content: typeof content === 'string' ? Buffer.from(content) : content,
});
/** A directory. */
export const directory = (path: string): CpioEntry => ({ path, mode: TYPE.directory | 0o755 });
/** A symbolic link. */
export const link = (path: string, target: string): CpioEntry => ({
  path,
  mode: TYPE.link | 0o777,
  content: Buffer.from(target),
});
/** A character device. */
export const character = (path: string, major: number, minor: number): CpioEntry => ({
  path,
  mode: TYPE.character | 0o600,
  device: [major, minor],
});

const MAGIC = '070701';

/**
 * Writes an archive in the format "newc" (initramfs buffer format, kernel documentation): sorted by path, with the parent
 * directories that the entries need. Of two entries with the same path, the first one counts.
 * @param mtime Unix time in seconds of every entry
 */
export function writeCpio(entries: readonly CpioEntry[], mtime: number): Buffer {
  const all = new Map<string, CpioEntry>();
  for (const entry of entries) if (!all.has(entry.path)) all.set(entry.path, entry);
  for (const path of [...all.keys()]) {
    for (let at = path.lastIndexOf('/'); at > 0; at = path.lastIndexOf('/', at - 1)) {
      const parent = path.slice(0, at);
      if (!all.has(parent)) all.set(parent, directory(parent));
    }
  }
  // By bytes and not by locale; a directory sorts before what it contains.
  const sorted = [...all.values()].sort((a, b) => Buffer.compare(Buffer.from(a.path), Buffer.from(b.path)));
  const chunks = sorted.flatMap((entry, index) => record(entry, index + 1, mtime));
  chunks.push(...record({ path: 'TRAILER!!!', mode: 0 }, 0, 0));
  return Buffer.concat(chunks);
}

function record({ path, mode, content, device }: CpioEntry, inode: number, mtime: number): Uint8Array[] {
  const name = Buffer.from(`${path}\0`);
  const size = content?.length ?? 0;
  const [major, minor] = device ?? [0, 0];
  const links = (mode & 0o170000) === TYPE.directory ? 2 : 1;
  // c_ino, mode, uid, gid, nlink, mtime, filesize, maj, min, rmaj, rmin, namesize, chksum
  const fields = [inode, mode, 0, 0, links, mtime, size, 0, 0, major, minor, name.length, 0];
  const header = Buffer.from(MAGIC + fields.map((field) => field.toString(16).padStart(8, '0')).join(''));
  const head = [header, name, padding(header.length + name.length)];
  return content === undefined ? head : [...head, content, padding(size)];
}

/** Names and contents end at multiples of four bytes. */
function padding(length: number): Uint8Array {
  return new Uint8Array((4 - (length % 4)) % 4);
}
