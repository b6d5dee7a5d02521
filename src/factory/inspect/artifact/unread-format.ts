import { basename } from 'node:path';
import { constants, gunzipSync } from 'node:zlib';
import { FactoryError } from '../../../common/errors/factory-error.ts';

/** A format that is recognised but not read in place, and the command that makes a file of it that is. */
interface UnreadFormat {
  readonly name: string;
  /** Its first bytes, and where they are. */
  readonly magic: string;
  readonly at?: number;
  /** @param file its path as it was given @param plain its name without the extension */
  readonly remedy: (file: string, plain: string) => string;
}

const toRaw = (file: string, plain: string) => `Convert it: qemu-img convert -O raw ${file} ${plain}.raw`;
const decompress = (program: string) => (file: string, plain: string) =>
  `Decompress it: ${program} -dc ${file} > ${plain}`;

const ASK_FOR_WHOLE = 'Inspect the squashfs or the folder that it belongs to.';

/**
 * Disk formats (QEMU's block/vmdk.c, vpc.c, vdi.c, vhdx.c), compressions (RFC 1952, RFC 8878, the xz file format), archives of
 * an initramfs (kernel documentation, "initramfs buffer format") and zip.
 */
const FORMATS: readonly UnreadFormat[] = [
  { name: 'a VMDK', magic: 'KDMV', remedy: toRaw },
  { name: 'a VHD whose size is dynamic', magic: 'conectix', remedy: toRaw },
  { name: 'a VHDX', magic: 'vhdxfile', remedy: toRaw },
  { name: 'a VDI', magic: '\x7f\x10\xda\xbe', at: 64, remedy: toRaw },
  { name: 'compressed with gzip', magic: '\x1f\x8b', remedy: decompress('gzip') },
  { name: 'compressed with zstd', magic: '\x28\xb5\x2f\xfd', remedy: decompress('zstd') },
  { name: 'compressed with xz', magic: '\xfd7zXZ', remedy: decompress('xz') },
  { name: 'compressed with bzip2', magic: 'BZh', remedy: decompress('bzip2') },
  { name: 'a zip archive', magic: 'PK\x03\x04', remedy: (file) => `Unpack it: unzip ${file}` },
  { name: 'a cpio archive, such as an initramfs', magic: '070701', remedy: () => ASK_FOR_WHOLE },
  { name: 'a script for iPXE', magic: '#!ipxe', remedy: () => ASK_FOR_WHOLE },
];

/**
 * The error for a file of a known format that is not read in place, and for an empty one.
 * @param head its first bytes
 * @param name the file as it was given
 * @returns `undefined` when nothing is known about it
 */
export function unreadFormat(head: Buffer, name: string): FactoryError | undefined {
  if (head.length === 0)
    return new FactoryError('SOURCE_UNSUITABLE', `${name} is empty`, {
      remedy: 'Download it again, or build it again.',
    });
  const found = FORMATS.find(({ magic, at = 0 }) =>
    head.subarray(at, at + magic.length).equals(Buffer.from(magic, 'latin1')),
  );
  if (found === undefined) return undefined;
  const plain = basename(name).replace(/\.[^.]*$/, '') || 'plain';
  return new FactoryError('ARTIFACT_UNREADABLE', `${name} cannot be read in place: it is ${found.name}`, {
    remedy: found.remedy(name, plain),
  });
}

/** Disks in a tar: that of Google Compute Engine has one member, `disk.raw`; an OVA begins with its descriptor. */
const DISK_TARS: readonly (readonly [member: RegExp, what: string, next: string])[] = [
  [/^disk\.raw$/, 'a disk for Google Compute Engine', 'Then inspect disk.raw.'],
  [/\.ovf$/, 'an OVA', 'Then convert its .vmdk: qemu-img convert -O raw FILE.vmdk FILE.raw'],
];
/** Enough for the first header of a tar; compressed, it could become a thousand times as large. */
const HEADER = 4096;
const NAME_LENGTH = 100;

/**
 * Refuses a tar that holds a disk instead of a root or an image.
 * @param head its first bytes, perhaps compressed with gzip
 * @throws FactoryError `usage`
 */
export function refuseDiskTar(head: Buffer, name: string): void {
  const first = plainHead(head).toString('utf8', 0, NAME_LENGTH).replace(/\0.*$/s, '');
  const found = DISK_TARS.find(([member]) => member.test(first));
  if (found === undefined) return;
  const [, what, next] = found;
  throw new FactoryError('ARTIFACT_UNREADABLE', `${name} cannot be read in place: it is ${what}`, {
    remedy: `Unpack it: tar -xf ${name}. ${next}`,
  });
}

function plainHead(head: Buffer): Buffer {
  if (head.toString('latin1', 0, 2) !== '\x1f\x8b') return head;
  try {
    return gunzipSync(head.subarray(0, HEADER), { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    // Whoever reads the tar says what is wrong with it.
    return head;
  }
}
