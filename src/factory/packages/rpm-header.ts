import { type InstalledPackage, optionalText, statements } from './installed-package.ts';

/** Tags of rpm that an inventory needs (rpm reference manual, "RPM tags"). */
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
/** Number of index entries and of data bytes, before both. */
const INTRO = 8;
const ENTRY = 16;
/** Keys that signatures are checked with, which rpm keeps as if they were packages. */
const KEY_PACKAGE = 'gpg-pubkey';

/**
 * Reads a package out of a header as rpm's databases hold it (rpm, "RPM v4 package format": the header structure, without
 * its magic): big-endian numbers of index entries and data bytes, entries of tag, type, offset and count, data.
 * @returns `undefined` for a signing key, which rpm keeps among the packages
 * @throws RangeError when it is no header
 */
export function rpmPackage(header: Uint8Array): InstalledPackage | undefined {
  const values = readTags(Buffer.from(header.buffer, header.byteOffset, header.byteLength));
  const text = (tag: number) => values.get(tag)?.toString() ?? '';
  const name = text(TAG.name);
  if (name === '') throw new RangeError('a header without a name');
  if (name === KEY_PACKAGE) return undefined;
  const epoch = values.get(TAG.epoch);
  const version = `${text(TAG.version)}-${text(TAG.release)}`;
  // Sources are named by a file, `NAME-VERSION-RELEASE.src.rpm`, or `.nosrc.rpm` when not all may be passed on.
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

function readTags(header: Buffer): ReadonlyMap<number, string | number> {
  const wanted: ReadonlySet<number> = new Set(Object.values(TAG));
  const entries = header.readUInt32BE(0);
  const data = INTRO + entries * ENTRY;
  if (data + header.readUInt32BE(4) > header.length) throw new RangeError('a header longer than its record');
  const values = new Map<number, string | number>();
  for (let at = INTRO; at < data; at += ENTRY) {
    const tag = header.readUInt32BE(at);
    if (!wanted.has(tag)) continue;
    const type = header.readUInt32BE(at + 4);
    const begin = data + header.readUInt32BE(at + 8);
    if (type === INT32) values.set(tag, header.readUInt32BE(begin));
    // Of a text in several languages the first is the one without a language.
    if (type === STRING || type === I18N_STRING) {
      const end = header.indexOf(0, begin);
      if (begin >= header.length || end === -1) throw new RangeError('a text without an end');
      values.set(tag, header.toString('utf8', begin, end));
    }
  }
  return values;
}
