import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { batchBytes } from '../../../common/files/batch-bytes.ts';
import { decodeFileName, printableFileName } from '../../../common/files/file-name.ts';
import type { TarMember } from '../../../common/tar/member.ts';
import { readTar } from '../../../common/tar/read-tar.ts';
import { holesOf } from '../../../common/tar/sparse-map.ts';
import { TAR_END, writeMember } from '../../../common/tar/write-member.ts';

const ENTRY_LIMIT = 2_000_000;
const PATH_LIMIT = 4096;
/** Bytes of all holes together, which are written as zeros. */
const HOLES_LIMIT = 64 * 1024 ** 3;

/** What a base's tar is checked for and changed to on its way into the image store. */
export interface SanitizeOptions {
  /** The tar's name in messages. */
  readonly name: string;
  /** A Unix timestamp that files newer than it get; nothing is changed when absent. */
  readonly epoch?: number;
  readonly onNotice: (text: string) => void;
}

/**
 * Copies a root filesystem's tar, refusing all that could reach outside of the root when it is unpacked: absolute
 * names, `..`, hard links of that kind, entries that lie below a symbolic link. A symbolic link itself is data: it may
 * point anywhere and is never followed outside of the root. Names, link targets and attributes stay as they are, byte for
 * byte. Device nodes are dropped, with one notice for all. Holes become zeros, because readers of layers differ in the
 * sparse formats that they know.
 * @throws FactoryError `step` when the tar is corrupt or cut short, `verification` when an entry is refused
 */
export async function sanitizeTar(
  input: Readable,
  output: Writable,
  options: SanitizeOptions,
): Promise<void> {
  const corrupt = (reason: string) =>
    new FactoryError('ARCHIVE_CORRUPT', `${options.name}: cannot be read as a tar archive: ${reason}`, {
      remedy: 'The file is corrupt or cut short; fetch or make it again.',
    });
  await pipeline(input, (stream) => batchBytes(sanitized(stream, options, corrupt)), output);
}

async function* sanitized(
  stream: AsyncIterable<Uint8Array>,
  { name, epoch, onNotice }: SanitizeOptions,
  corrupt: (reason: string) => FactoryError,
): AsyncGenerator<Buffer> {
  const check = memberCheck(name);
  let entries = 0;
  let dropped = 0;
  for await (const { member, content } of readTar(stream, { corrupt, globalHeaders: 'apply' })) {
    entries += 1;
    if (check(member) === 'drop') {
      dropped += 1;
      continue;
    }
    const { sparse, ...plain } = clamped(member, epoch);
    yield* writeMember({ ...plain, size: sparse?.realSize ?? plain.size }, content());
  }
  yield TAR_END;
  if (entries === 0) {
    throw new FactoryError(
      'ARCHIVE_CORRUPT',
      `${name}: holds no entries: it is empty, or corrupt or cut short`,
      {
        remedy: 'Give a tar of a root filesystem.',
      },
    );
  }
  if (dropped > 0) onNotice(`${name}: dropped ${dropped} device node(s); the running system makes its own`);
}

/** Files, hard links, symbolic links, character and block devices, directories and pipes. */
const TYPES = '0123456';

/** Checks the members of one archive, in their order: whether each is kept, or throws. */
function memberCheck(archive: string): (member: TarMember) => 'keep' | 'drop' {
  const links = new Set<string>();
  const devices = new Set<string>();
  let entries = 0;
  let holes = 0;

  /** The path of a name inside of the root. */
  const placeOf = (member: TarMember, name: string): string => {
    const path = insidePath(archive, name);
    const below = ancestors(path).find((ancestor) => links.has(ancestor));
    if (below === undefined) return path;
    throw refused(archive, member.name, `"${shown(name)}" lies below the symbolic link ${shown(below)}`);
  };

  return (member) => {
    const { name, type, linkName, sparse } = member;
    entries += 1;
    if (entries > ENTRY_LIMIT) throw refused(archive, name, `there are more than ${ENTRY_LIMIT} entries`);
    holes += holesOf(sparse);
    if (holes > HOLES_LIMIT)
      throw refused(archive, name, `holes in files have more than ${HOLES_LIMIT} bytes`);
    if (!TYPES.includes(type)) throw unknownKind(archive, name);
    const path = placeOf(member, name);
    if (path === '' && type !== '5') throw refused(archive, name, 'the root itself is not a directory');
    if (type === '2') checkTarget(archive, member);
    const target = type === '1' ? placeOf(member, linkName) : undefined;
    if ('34'.includes(type) || (target !== undefined && devices.has(target))) {
      devices.add(path);
      return 'drop';
    }
    if (type === '2') links.add(path);
    else links.delete(path);
    return 'keep';
  };
}

function unknownKind(archive: string, name: string): FactoryError {
  return new FactoryError(
    'ARCHIVE_CORRUPT',
    `${archive}: entry "${shown(name)}" is of a kind that cannot be taken over`,
    { remedy: 'Pack the root again: tar -C ROOT -c .' },
  );
}

function checkTarget(archive: string, { name, linkName }: TarMember): void {
  if (linkName.includes('\0')) throw refused(archive, name, 'its target holds a NUL');
  if (linkName.length > PATH_LIMIT) throw refused(archive, name, 'its target is too long');
}

function insidePath(archive: string, name: string): string {
  if (name.includes('\0')) throw refused(archive, name, 'its name holds a NUL');
  if (name.startsWith('/')) throw refused(archive, name, 'its path is absolute');
  if (name.length > PATH_LIMIT) throw refused(archive, name.slice(0, 80), 'its path is too long');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(archive, name, 'its path leads outside of the root');
  return parts.join('/');
}

function refused(archive: string, entry: string, reason: string): FactoryError {
  return new FactoryError('ENTRY_REFUSED', `${archive}: entry "${shown(entry)}" is refused: ${reason}`, {
    remedy:
      'Do not use this archive unless you know who made it; pack the root again with "tar -C ROOT -c .".',
  });
}

/** A name, one character per byte, for a message. */
function shown(name: string): string {
  return printableFileName(decodeFileName(Buffer.from(name, 'latin1')));
}

function ancestors(path: string): string[] {
  const parts = path.split('/');
  return parts.slice(1).map((_, index) => parts.slice(0, index + 1).join('/'));
}

function clamped(member: TarMember, epoch: number | undefined): TarMember {
  return epoch !== undefined && Number(member.modified) > epoch
    ? { ...member, modified: String(epoch) }
    : member;
}
