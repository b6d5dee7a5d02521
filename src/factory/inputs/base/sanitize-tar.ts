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
/** Maximum total size of holes in bytes. They are written as zeros. */
const HOLES_LIMIT = 64 * 1024 ** 3;

/** Options for {@link sanitizeTar}. */
export interface SanitizeOptions {
  /** The tar's name in messages. */
  readonly name: string;
  /** Unix timestamp in seconds to which later modification times are clamped; none are changed when absent. */
  readonly epoch?: number;
  readonly onNotice: (text: string) => void;
}

/**
 * Copies the tar of a root filesystem. Refuses entries that could reach outside the root when they are unpacked: absolute
 * names, `..`, hard links to such names, and entries below a symbolic link. A symbolic link itself is data: it may point
 * anywhere, and it is never followed out of the root. Names, link targets and attributes are copied byte for byte. Device
 * nodes are dropped, with one notice for all. Holes become zeros, because layer readers support different sparse formats.
 * @throws FactoryError `step` when the tar is corrupt or truncated, `verification` when an entry is refused
 */
export async function sanitizeTar(
  input: Readable,
  output: Writable,
  options: SanitizeOptions,
): Promise<void> {
  const corrupt = (reason: string) =>
    new FactoryError('ARCHIVE_CORRUPT', `${options.name}: cannot be read as a tar archive: ${reason}`, {
      remedy: 'The file is corrupt or truncated; fetch or create it again.',
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
      `${name}: contains no entries: it is empty, corrupt or truncated`,
      {
        remedy: 'Use a tar of a root filesystem.',
      },
    );
  }
  if (dropped > 0) onNotice(`${name}: dropped ${dropped} device node(s); the running system creates its own`);
}

/** Type flags of files, hard links, symbolic links, character and block devices, directories and pipes. */
const TYPES = '0123456';

/** Returns a function that checks the members of one archive in order. It throws for a member that is refused. */
function memberCheck(archive: string): (member: TarMember) => 'keep' | 'drop' {
  const links = new Set<string>();
  const devices = new Set<string>();
  let entries = 0;
  let holes = 0;

  /** Returns the path of a name inside the root. */
  const placeOf = (member: TarMember, name: string): string => {
    const path = insidePath(archive, name);
    const below = ancestors(path).find((ancestor) => links.has(ancestor));
    if (below === undefined) return path;
    throw refused(archive, member.name, `"${shown(name)}" is below the symbolic link ${shown(below)}`);
  };

  return (member) => {
    const { name, type, linkName, sparse } = member;
    entries += 1;
    if (entries > ENTRY_LIMIT) throw refused(archive, name, `there are more than ${ENTRY_LIMIT} entries`);
    holes += holesOf(sparse);
    if (holes > HOLES_LIMIT) throw refused(archive, name, `holes in files exceed ${HOLES_LIMIT} bytes`);
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
  return new FactoryError('ARCHIVE_CORRUPT', `${archive}: entry "${shown(name)}" has an unsupported type`, {
    remedy: 'Pack the root again: tar -C ROOT -c .',
  });
}

function checkTarget(archive: string, { name, linkName }: TarMember): void {
  if (linkName.includes('\0')) throw refused(archive, name, 'its target contains a NUL');
  if (linkName.length > PATH_LIMIT) throw refused(archive, name, 'its target is too long');
}

function insidePath(archive: string, name: string): string {
  if (name.includes('\0')) throw refused(archive, name, 'its name contains a NUL');
  if (name.startsWith('/')) throw refused(archive, name, 'its path is absolute');
  if (name.length > PATH_LIMIT) throw refused(archive, name.slice(0, 80), 'its path is too long');
  const parts = name.split('/').filter((part) => part !== '' && part !== '.');
  if (parts.includes('..')) throw refused(archive, name, 'its path leads outside the root');
  return parts.join('/');
}

function refused(archive: string, entry: string, reason: string): FactoryError {
  return new FactoryError('ENTRY_REFUSED', `${archive}: entry "${shown(entry)}" is refused: ${reason}`, {
    remedy:
      'Do not use this archive unless you know who made it; pack the root again with "tar -C ROOT -c .".',
  });
}

/** Formats a name with one character per byte for a message. */
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
