import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import tar, { type Header } from 'tar-stream';
import { isSystemError } from '../../../common/errors/explain.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';

const ENTRY_LIMIT = 2_000_000;
const PATH_LIMIT = 4096;

/** What a base's tar is checked for and changed to on its way into the image store. */
export interface SanitizeOptions {
  /** The tar's name in messages. */
  readonly name: string;
  /** Files newer than this many seconds since 1970 get this time; nothing is changed when absent. */
  readonly epoch?: number;
  readonly onNotice: (text: string) => void;
}

/**
 * Copies a root filesystem's tar, refusing all that could reach outside of the root when it is unpacked: absolute
 * names, `..`, hard links of that kind, entries that lie below a symbolic link. A symbolic link itself is data: it may
 * point anywhere and is never followed outside of the root. Device nodes are dropped, with one notice for all.
 * @throws FactoryError `step` when the tar is corrupt or cut short, `verification` when an entry is refused
 */
export async function sanitizeTar(
  input: Readable,
  output: Writable,
  options: SanitizeOptions,
): Promise<void> {
  const extract = tar.extract();
  const pack = tar.pack();
  const links = new Set<string>();
  const devices = new Set<string>();
  let entries = 0;

  /** The place of a name inside of the root. */
  const place = (header: Header, name: string): string => {
    const path = insidePath(options.name, name);
    const below = ancestors(path).find((ancestor) => links.has(ancestor));
    if (below === undefined) return path;
    throw refused(options.name, header.name, `"${name}" lies below the symbolic link ${below}`);
  };

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
  const copy = async () => {
    for await (const entry of extract) {
      const { header } = entry;
      entries += 1;
      if (entries > ENTRY_LIMIT)
        throw refused(options.name, header.name, `there are more than ${ENTRY_LIMIT} entries`);
      checkKind(options.name, header);
      const path = place(header, header.name);
      if (path === '' && header.type !== 'directory') {
        throw refused(options.name, header.name, 'the root itself is not a directory');
      }
      const target = header.type === 'link' ? place(header, header.linkname ?? '') : undefined;
      const isDevice = header.type === 'character-device' || header.type === 'block-device';
      if (isDevice || (target !== undefined && devices.has(target))) {
        devices.add(path);
        entry.resume();
        continue;
      }
      if (header.type === 'symlink') links.add(path);
      else links.delete(path);
      await pipeline(entry, pack.entry(representable(clamped(header, options.epoch))));
    }
    pack.finalize();
  };

  try {
    await Promise.all([
      pipeline(input, extract),
      pipeline(pack, output),
      copy().catch((error: unknown) => {
        extract.destroy(error as Error);
        pack.destroy(error as Error);
        throw error;
      }),
    ]);
  } catch (error) {
    if (error instanceof FactoryError || isSystemError(error) || (error as Error)?.name === 'AbortError')
      throw error;
    throw new FactoryError(
      'ARCHIVE_CORRUPT',
      `${options.name}: cannot be read as a tar archive: ${messageOf(error)}`,
      {
        remedy: 'The file is corrupt or cut short; fetch or make it again.',
        cause: error,
      },
    );
  }
  if (entries === 0) {
    throw new FactoryError(
      'ARCHIVE_CORRUPT',
      `${options.name}: holds no entries: it is empty, or corrupt or cut short`,
      {
        remedy: 'Give a tar of a root filesystem.',
      },
    );
  }
  if (devices.size > 0) {
    options.onNotice(
      `${options.name}: dropped ${devices.size} device node(s); the running system makes its own`,
    );
  }
}

const KINDS = [
  'file',
  'link',
  'symlink',
  'character-device',
  'block-device',
  'directory',
  'fifo',
  'contiguous-file',
];

/** Refuses what this reader and others understand differently: sparse files in GNU's forms, and unknown kinds. */
function checkKind(archive: string, header: Header): void {
  const sparse = Object.keys(header.pax ?? {}).some((key) => key.startsWith('GNU.sparse.'));
  if (!sparse && KINDS.includes(header.type ?? '')) return;
  throw new FactoryError(
    'ARCHIVE_CORRUPT',
    `${archive}: entry "${header.name}" is of a kind that cannot be taken over`,
    {
      remedy: 'Pack the root again without --sparse: tar -C ROOT -c .',
    },
  );
}

function insidePath(archive: string, name: string): string {
  if (name.includes('\0')) throw refused(archive, name.replaceAll('\0', '\\0'), 'its name holds a NUL');
  if (name.startsWith('/')) throw refused(archive, name, 'its path is absolute');
  if (name.length > PATH_LIMIT) throw refused(archive, `${name.slice(0, 80)}…`, 'its path is too long');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(archive, name, 'its path leads outside of the root');
  return parts.join('/');
}

function refused(archive: string, entry: string, reason: string): FactoryError {
  return new FactoryError('ENTRY_REFUSED', `${archive}: entry "${entry}" is refused: ${reason}`, {
    remedy:
      'Do not use this archive unless you know who made it; pack the root again with "tar -C ROOT -c .".',
  });
}

function ancestors(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function clamped(header: Header, epoch: number | undefined): Header {
  const { mtime } = header;
  if (epoch === undefined || mtime === undefined || mtime === null || mtime.getTime() <= epoch * 1000)
    return header;
  const { mtime: _, ...pax } = (header.pax ?? {}) as Record<string, string>;
  return { ...header, mtime: new Date(epoch * 1000), pax };
}

/** Largest values of the fixed fields that tar-stream writes; greater ones go into an extended header. */
const [ID_LIMIT, TIME_LIMIT] = [0o777777, 2 ** 31 - 1];

function representable(header: Header): Header {
  const { uid = 0, gid = 0, mtime } = header;
  const seconds = Math.floor((mtime?.getTime() ?? 0) / 1000);
  const pax = {
    ...(header.pax as Record<string, string> | null | undefined),
    ...(uid > ID_LIMIT ? { uid: String(uid) } : {}),
    ...(gid > ID_LIMIT ? { gid: String(gid) } : {}),
    ...(seconds > TIME_LIMIT ? { mtime: String(seconds) } : {}),
  };
  // A time before 1970 has no octal form that all readers take; no distribution ships such a file on purpose.
  const early = seconds < 0 ? { mtime: new Date(0) } : {};
  return { ...header, ...early, ...(Object.keys(pax).length > 0 ? { pax } : {}) };
}
