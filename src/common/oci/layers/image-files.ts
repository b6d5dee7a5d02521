import { createWriteStream } from 'node:fs';
import { type FileHandle, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { FactoryError, reasonOf } from '../../errors/factory-error.ts';
import type { ByteSource } from '../../files/byte-reader.ts';
import { padding } from '../../tar/block.ts';
import { readMember } from '../../tar/read-member.ts';
import { shownPath } from '../../text/shown-path.ts';
import { openLayer } from './layer-stream.ts';

/** A file, or a part of one. */
export interface FilePart {
  readonly file: string;
  readonly start: number;
  readonly size: number;
}

/** The files of a local image: a directory, or a tar that is read in place. */
export interface ImageFiles {
  /** Returns the location of a file; `undefined` when it does not exist. */
  find(name: string): Promise<FilePart | undefined>;
  /** Reads a file; `undefined` when it does not exist. @throws FactoryError `verification` when it exceeds `limit` bytes */
  read(name: string, limit: number): Promise<Uint8Array | undefined>;
}

/** Maximum number of members in an image archive, which has a few per layer. */
const MEMBER_LIMIT = 100_000;
/** Maximum number of links to follow: old archives link to identical layers of other images. */
const LINKS = 8;

/**
 * Opens a local image.
 * @param path host path of the directory or archive
 * @param unpacked path to which a compressed archive is decompressed
 * @throws FactoryError `usage` when the path does not exist, `verification` when it is not an archive
 */
export async function openImageFiles(path: string, unpacked: string): Promise<ImageFiles> {
  const stats = await stat(path).catch((error: unknown) => {
    throw new FactoryError(
      'IMAGE_UNREADABLE',
      `${shownPath(path)} cannot be used as an image: ${reasonOf(error)}`,
      {
        remedy: 'Name an image archive (tar), or the directory of an OCI layout.',
        cause: error,
      },
    );
  });
  const find = stats.isDirectory() ? findInDirectory(path) : await findInTar(await plainTar(path, unpacked));
  return {
    find,
    read: async (name, limit) => {
      const part = await find(name);
      if (part === undefined) return undefined;
      if (part.size > limit) throw unusable(path, `${name} is larger than ${limit} bytes`);
      const handle = await open(part.file, 'r');
      try {
        return await readAt(handle, part.start, part.size);
      } finally {
        await handle.close();
      }
    },
  };
}

function findInDirectory(path: string): ImageFiles['find'] {
  return async (name) => {
    const file = join(path, name);
    const stats = await stat(file).catch(() => undefined);
    return stats?.isFile() ? { file, start: 0, size: stats.size } : undefined;
  };
}

async function findInTar(file: string): Promise<ImageFiles['find']> {
  const parts = new Map<string, FilePart | string>();
  const handle = await open(file, 'r');
  try {
    let position = 0;
    const { size: end } = await handle.stat();
    const cursor: ByteSource = {
      corrupt: (reason) => unusable(file, reason),
      take: async (size: number) => {
        const bytes = await readAt(handle, position, size);
        position += bytes.length;
        return bytes.length === 0 && size > 0 ? undefined : bytes;
      },
      skip: async (size: number) => {
        position += size;
      },
    };
    for (let member = await readMember(cursor); member; member = await readMember(cursor)) {
      if (parts.size >= MEMBER_LIMIT) throw unusable(file, `it has more than ${MEMBER_LIMIT} members`);
      const { type, size, sparse } = member;
      if (sparse !== undefined) throw unusable(file, `${member.name} is stored as a sparse file`);
      const name = plainName(member.name);
      if (type === '0') parts.set(name, { file, start: position, size });
      // Symbolic links are relative to their directory, hard links to the root of the archive.
      if (type === '2') parts.set(name, plainName(join('/', name, '..', member.linkName)));
      if (type === '1') parts.set(name, plainName(member.linkName));
      position += size + padding(size);
      if (position > end) throw unusable(file, 'it is cut short');
    }
  } finally {
    await handle.close();
  }
  return async (name) => {
    let found = parts.get(plainName(name));
    for (let count = 0; typeof found === 'string' && count < LINKS; count++) found = parts.get(found);
    return typeof found === 'string' ? undefined : found;
  };
}

function plainName(name: string): string {
  return join('/', name).slice(1).replace(/\/$/, '');
}

async function readAt(handle: FileHandle, start: number, size: number): Promise<Buffer> {
  const bytes = Buffer.alloc(size);
  let filled = 0;
  while (filled < size) {
    const { bytesRead } = await handle.read(bytes, filled, size - filled, start + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return bytes.subarray(0, filled);
}

/** Returns the path of the uncompressed archive. */
async function plainTar(path: string, unpacked: string): Promise<string> {
  const { size } = await stat(path);
  const { tar, isCompressed } = await openLayer({ file: path, start: 0, size }, () => {});
  if (!isCompressed) return path;
  await pipeline(tar, createWriteStream(unpacked, { mode: 0o600 })).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOSPC') throw error;
    throw new FactoryError('DISK_FULL', `there is no space left to decompress ${path}`, {
      remedy: 'Decompress it elsewhere, and use the tar.',
      cause: error,
    });
  });
  return unpacked;
}

/** Returns the error for a path without a usable image. */
export function unusable(path: string, reason: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `${path} cannot be used as an image: ${reason}`, {
    remedy: 'Recreate it with "docker save" or "skopeo copy … oci-archive:FILE".',
  });
}
