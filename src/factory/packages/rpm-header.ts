import { type InstalledPackage, optionalText, statements } from './installed-package.ts';

/** The rpm tags that an inventory needs (rpm reference manual, "RPM tags"). */
const TAG = {
  name: 1000,
  version: 1001,
  release: 1002,
  epoch: 1003,
  vendor: 1011,
  license: 1014,
  packager: 1015,
  url: 1020,
  arch: 1022,
  sourceRpm: 1044,
} as const;

const INT32 = 4;
const STRING = 6;
const I18N_STRING = 9;
/** Bytes before the index: the number of index entries and the number of data bytes. */
const INTRO = 8;
const ENTRY = 16;
/** The name of signing keys, which rpm stores like packages. */
const KEY_PACKAGE = 'gpg-pubkey';

/**
 * Reads a package from a header of an rpm database (rpm, "RPM v4 package format": the header structure without its magic):
 * the big-endian numbers of index entries and data bytes, then entries of tag, type, offset and count, then the data.
 * @returns `undefined` for a signing key, which rpm stores among the packages
 * @throws RangeError when it is not a header
 */
export function rpmPackage(header: Uint8Array): InstalledPackage | undefined {
  const values = readTags(Buffer.from(header.buffer, header.byteOffset, header.byteLength));
  const text = (tag: number) => values.get(tag)?.toString() ?? '';
  const name = text(TAG.name);
  if (name === '') throw new RangeError('a header has no name');
  if (name === KEY_PACKAGE) return undefined;
  const epoch = values.get(TAG.epoch);
  const version = `${text(TAG.version)}-${text(TAG.release)}`;
  // The source is a file name: `NAME-VERSION-RELEASE.src.rpm`, or `.nosrc.rpm` if not all sources are redistributable.
  const source = /^(.+)-([^-]+-[^-]+)\.(?:no)?src\.rpm$/.exec(text(TAG.sourceRpm));
  return {
    type: 'rpm',
    name,
    version: epoch === undefined ? version : `${epoch}:${version}`,
    arch: text(TAG.arch) || 'noarch',
    ...(source?.[1] && source[2] ? { source: { name: source[1], version: source[2] } } : {}),
    licences: statements([text(TAG.license)]),
    ...optionalText({ maintainer: text(TAG.packager) || text(TAG.vendor), homepage: text(TAG.url) }),
  };
}

/** Where a header has the values of a tag. */
interface HeaderEntry {
  readonly type: number;
  /** Offset in the header. */
  readonly begin: number;
  readonly count: number;
}

/** The index of a header, by tag. @throws RangeError when it is longer than its record */
export function headerEntries(header: Buffer): ReadonlyMap<number, HeaderEntry> {
  const data = INTRO + header.readUInt32BE(0) * ENTRY;
  if (data + header.readUInt32BE(4) > header.length)
    throw new RangeError('a header is longer than its record');
  const entries = new Map<number, HeaderEntry>();
  for (let at = INTRO; at < data; at += ENTRY) {
    entries.set(header.readUInt32BE(at), {
      type: header.readUInt32BE(at + 4),
      begin: data + header.readUInt32BE(at + 8),
      count: header.readUInt32BE(at + 12),
    });
  }
  return entries;
}

function readTags(header: Buffer): ReadonlyMap<number, string | number> {
  const wanted: ReadonlySet<number> = new Set(Object.values(TAG));
  const values = new Map<number, string | number>();
  for (const [tag, { type, begin }] of headerEntries(header)) {
    if (!wanted.has(tag)) continue;
    if (type === INT32) values.set(tag, header.readUInt32BE(begin));
    // The first value of a localised text is the one for no locale.
    if (type === STRING || type === I18N_STRING) {
      const end = header.indexOf(0, begin);
      if (begin >= header.length || end === -1) throw new RangeError('a text is not terminated');
      values.set(tag, header.toString('utf8', begin, end));
    }
  }
  return values;
}
