import type { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { batchBytes } from '../../../common/files/batch-bytes.ts';
import { decodeFileName, printableFileName } from '../../../common/files/file-name.ts';
import { planLayer } from '../../../common/oci/layers/layer-plan.ts';
import type { Refuse } from '../../../common/oci/layers/member-path.ts';
import type { TarMember } from '../../../common/tar/member.ts';
import { readTar } from '../../../common/tar/read-tar.ts';
import { holesOf } from '../../../common/tar/sparse-map.ts';
import { TAR_END, writeMember } from '../../../common/tar/write-member.ts';

const ENTRY_LIMIT = 2_000_000;

/** Options for {@link sanitizeTar}. */
export interface SanitizeOptions {
  /** The tar's name in messages. */
  readonly name: string;
  /** Unix timestamp in seconds to which later modification times are clamped; none are changed when absent. */
  readonly epoch?: number;
  /** Maximum total size of holes in bytes. They are written as zeros. */
  readonly holes: number;
  readonly onNotice: (text: string) => void;
}

/**
 * Copies the tar of a root filesystem. Refuses entries that could reach outside the root when they are unpacked, such as `..`
 * and hard links to such names. A leading slash stands for the root. An entry below a symbolic link is moved to where the link
 * leads within the root, as the running system would find it. A symbolic link itself is data: it may point anywhere, and it is
 * never followed out of the root. Names, link targets and attributes are copied byte for byte. Device nodes, and files
 * that a layer would take for whiteouts, are dropped with a notice. Holes become zeros, because layer readers support different
 * sparse formats.
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
  { name, epoch, holes, onNotice }: SanitizeOptions,
  corrupt: (reason: string) => FactoryError,
): AsyncGenerator<Buffer> {
  const check = memberCheck(name, holes);
  let entries = 0;
  let devices = 0;
  let marks = 0;
  for await (const { member, content } of readTar(stream, { corrupt, globalHeaders: 'apply' })) {
    entries += 1;
    const checked = check(member);
    if (checked === 'device') devices += 1;
    if (checked === 'mark') marks += 1;
    if (checked === 'device' || checked === 'mark') continue;
    const { sparse, ...plain } = clamped(checked, epoch);
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
  if (devices > 0) onNotice(`${name}: dropped ${devices} device node(s); the running system creates its own`);
  if (marks > 0)
    onNotice(`${name}: dropped ${marks} file(s) named .wh.*, which mean removed files in layers`);
}

/** Type flags of files, hard links, symbolic links, character and block devices, directories and pipes. */
const TYPES = '0123456';

/**
 * Returns a function that checks the members of one archive in order, and rewrites their names so that none is below a link.
 * It throws for a member that is refused.
 */
function memberCheck(
  archive: string,
  holesLimit: number,
): (member: TarMember) => TarMember | 'device' | 'mark' {
  const refuse: Refuse = (name, reason) => refused(archive, name, reason);
  // Somebody appended directories of a merged /usr under their old names: the link stays, as tar --keep-directory-symlink does.
  const plan = planLayer({ directoryOverLink: 'follow', refuse });
  const devices = new Set<string>();
  let entries = 0;
  let holes = 0;

  return (member) => {
    const { name, type, sparse } = member;
    entries += 1;
    if (entries > ENTRY_LIMIT) throw refuse(name, `there are more than ${ENTRY_LIMIT} entries`);
    holes += holesOf(sparse);
    if (holes > holesLimit) throw refuse(name, `holes in files exceed ${holesLimit} bytes`);
    if (!TYPES.includes(type)) throw unknownKind(archive, name);
    const change = plan.plan(member);
    if (change?.kind !== 'entry') return 'mark';
    const { path } = change;
    const isDevice = '34'.includes(type) || (type === '1' && devices.has(change.member.linkName));
    if (!isDevice) {
      devices.delete(path);
      return change.member;
    }
    devices.add(path);
    return 'device';
  };
}

function unknownKind(archive: string, name: string): FactoryError {
  return new FactoryError('ARCHIVE_CORRUPT', `${archive}: entry "${shown(name)}" has an unsupported type`, {
    remedy: 'Pack the root again: tar -C ROOT -c .',
  });
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

function clamped(member: TarMember, epoch: number | undefined): TarMember {
  return epoch !== undefined && Number(member.modified) > epoch
    ? { ...member, modified: String(epoch) }
    : member;
}
