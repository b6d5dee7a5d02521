import { createReadStream, lstatSync, readlinkSync } from 'node:fs';
import { Readable } from 'node:stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { decodeFileName, encodeFileName } from '../../../common/files/file-name.ts';
import { walkTree } from '../../../common/files/walk-tree.ts';
import { TAR_END, writeMember } from '../../../common/tar/write-member.ts';

/** One entry of a build context. Paths and targets are decoded by `decodeFileName`. */
export type ContextEntry = {
  /** Path relative to the context. */
  readonly path: string;
} & (
  | { readonly type: 'directory' }
  | { readonly type: 'symlink'; readonly target: string }
  | { readonly type: 'text'; readonly text: string; readonly mode: number }
  | { readonly type: 'file'; readonly source: string | Buffer; readonly mode: number; readonly size: number }
);

/**
 * Lists a directory as context entries below `prefix`. Write permission of group and others is dropped: it comes from
 * the user's umask, not from a decision.
 * @param isLeftOut whether to skip a path of the directory, with everything below it
 * @throws FactoryError `usage` when the directory holds a socket, pipe or device node
 */
export function directoryEntries(
  root: string,
  prefix: string,
  isLeftOut?: (path: string) => boolean,
): ContextEntry[] {
  return [...walkTree(root, isLeftOut)].map(({ path, place: source, stats }): ContextEntry => {
    const place = path === '' ? prefix : `${prefix}/${path}`;
    if (stats.isDirectory()) return { type: 'directory', path: place };
    if (stats.isSymbolicLink()) return { type: 'symlink', path: place, target: targetOf(source) };
    if (!stats.isFile()) {
      throw new FactoryError('SOURCE_UNSUITABLE', `${source} is not a file, directory or link`, {
        remedy: 'Remove it.',
      });
    }
    return {
      type: 'file',
      path: place,
      source,
      mode: Number(stats.mode & 0o7777n) & ~0o022,
      size: Number(stats.size),
    };
  });
}

function targetOf(link: string | Buffer): string {
  return decodeFileName(readlinkSync(link, { encoding: 'buffer' }));
}

/** Packs entries into a tar stream whose entries all belong to root. Parents must come before children. */
export function packContext(entries: readonly ContextEntry[]): Readable {
  return Readable.from(packed(entries), { objectMode: false });
}

async function* packed(entries: readonly ContextEntry[]): AsyncGenerator<Buffer> {
  const modified = String(Math.floor(Date.now() / 1000));
  const plain = {
    linkName: '',
    mode: 0o755,
    uid: 0,
    gid: 0,
    modified,
    size: 0,
    device: [0, 0],
    records: [],
  } as const;
  for (const entry of entries) {
    const member = { ...plain, name: memberName(entry.path) };
    if (entry.type === 'directory') yield* writeMember({ ...member, type: '5' }, []);
    else if (entry.type === 'symlink') {
      yield* writeMember({ ...member, type: '2', mode: 0o777, linkName: memberName(entry.target) }, []);
    } else if (entry.type === 'text') {
      const content = Buffer.from(entry.text);
      yield* writeMember({ ...member, type: '0', mode: entry.mode, size: content.length }, [content]);
    } else {
      const { size } = lstatSync(entry.source);
      yield* writeMember({ ...member, type: '0', mode: entry.mode, size }, contentOf(entry.source, size));
    }
  }
  yield TAR_END;
}

/** The content of a file. A file that changes meanwhile must not shift the members after it. */
async function* contentOf(file: string | Buffer, size: number): AsyncGenerator<Buffer> {
  let left = size;
  if (size > 0) {
    for await (const chunk of createReadStream(file, { end: size - 1 }) as AsyncIterable<Buffer>) {
      left -= chunk.length;
      yield chunk;
    }
  }
  if (left === 0) return;
  throw new FactoryError('FILE_NOT_FOUND', `${file} became shorter while it was read`, {
    remedy: 'Run the command again when no other program is writing there.',
  });
}

/** A path as the tar writer takes it, one character per byte. */
function memberName(path: string): string {
  return encodeFileName(path).toString('latin1');
}
