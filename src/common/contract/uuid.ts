import { createHash } from 'node:crypto';

/**
 * The namespace for URLs (RFC 9562, appendix), which upstream Kairos uses for labels
 * (docs/contract.md 1.1).
 */
const URL_NAMESPACE = '6ba7b811-9dad-11d1-80b4-00c04fd430c8';

/**
 * Returns the name-based UUID (version 5, RFC 9562 section 5.5) that the contract defines for `name`.
 * @param name a filesystem label, or `KAIROS_DISK`
 */
export function uuidFromName(name: string): string {
  const digest = createHash('sha1')
    .update(Buffer.from(URL_NAMESPACE.replaceAll('-', ''), 'hex'))
    .update(name)
    .digest();
  return formatUuid(digest.subarray(0, 16), 5);
}

/** Derives a UUID (version 8, RFC 9562 section 5.8) from a seed alone, for filesystems of reproducible artifacts. */
export function uuidFromSeed(seed: string): string {
  return formatUuid(createHash('sha256').update(seed).digest().subarray(0, 16), 8);
}

function formatUuid(bytes: Buffer, version: number): string {
  const uuid = Buffer.from(bytes);
  uuid.writeUInt8((uuid.readUInt8(6) & 0x0f) | (version << 4), 6);
  uuid.writeUInt8((uuid.readUInt8(8) & 0x3f) | 0x80, 8);
  return uuid.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
