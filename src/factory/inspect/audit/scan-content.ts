import { closeSync, openSync, readSync } from 'node:fs';
import { CONTENT_RULES } from './content-rules.ts';
import { FILE_RULES } from './file-rules.ts';
import type { Finding, SecretKind } from './secret-kinds.ts';

/** Size of a read in bytes. A match across two reads is found in the overlap, which is longer than any relevant pattern. */
export const CHUNK = 8 * 1024 * 1024;
const OVERLAP = 32 * 1024;
/** A NUL in the first bytes marks a file as binary, as in grep and git. */
const TEXT_PROBE = 8 * 1024;
/** Markers of secrets to look for in binary files. Applying every rule to them would take seconds. */
const IN_BINARIES = ['PRIVATE KEY', 'AGE-SECRET-KEY-1'].map((text) => Buffer.from(text, 'latin1'));
const LONGEST_HEADER = 64;
const LONGEST_KEY_START = 1024;

const COMBINED = new RegExp(
  CONTENT_RULES.map(({ pattern }, index) => `(?<r${index}>${pattern})`).join('|'),
  'g',
);

/** The credentials of a build, in every form in which they may occur in a file. */
export type Needles = readonly Buffer[];

/** Options for searching one file. */
export interface ContentScan {
  readonly needles: Needles;
  /** Buffer for one read, which callers with many files can share; allocated when absent. */
  readonly buffer?: Buffer;
}

/** Reads the next bytes into a range of a buffer. @returns the number of bytes; 0 at the end */
type Read = (buffer: Buffer, offset: number, length: number) => number;

/**
 * Searches one file for secrets. It is read once, in chunks.
 * @param file path of a regular file on the host
 * @param path path for findings, which the path rules match
 * @throws when the file cannot be read
 */
export function scanFile(file: string | Buffer, path: string, options: ContentScan): Finding[] {
  const handle = openSync(file, 'r');
  try {
    const read: Read = (into, offset, length) => readSync(handle, into, offset, length, null);
    return scan(read, { path, place: path }, options);
  } finally {
    closeSync(handle);
  }
}

/**
 * Searches a file in memory for secrets.
 * @param source.name prefix for the path in findings
 * @param source.place path in the archive that contains it, which the path rules match
 */
export function scanBytes(
  bytes: Buffer,
  { name, place }: { readonly name: string; readonly place: string },
  options: ContentScan,
): Finding[] {
  let at = 0;
  const read: Read = (into, offset, length) => {
    const copied = bytes.copy(into, offset, at, at + length);
    at += copied;
    return copied;
  };
  return scan(read, { path: `${name}${place}`, place }, options);
}

function scan(
  next: Read,
  { path, place }: { readonly path: string; readonly place: string },
  { needles, buffer = Buffer.allocUnsafe(CHUNK) }: ContentScan,
): Finding[] {
  const found = new Map<SecretKind, Finding>();
  const add = ({ kind, line }: Match) => {
    if (!found.has(kind)) found.set(kind, { path, kind, ...(line === undefined ? {} : { line }) });
  };
  let isText: boolean | undefined;
  for (const { bytes, line } of overlappingChunks(next, buffer)) {
    if (isText === undefined) {
      isText = !bytes.subarray(0, TEXT_PROBE).includes(0);
      for (const kind of kindsOfPlace(place, bytes)) add({ kind });
    }
    if (needles.some((needle) => bytes.includes(needle))) add({ kind: 'build-credential' });
    for (const match of isText ? secretsInText(bytes, line) : secretsInBinary(bytes)) add(match);
  }
  return [...found.values()];
}

/** A secret in a chunk, with its line in a text. */
interface Match {
  readonly kind: SecretKind;
  readonly line?: number;
}

/**
 * Reads to the end in chunks that share `buffer`, each starting with the last bytes of the one before.
 * @returns each chunk, with the number of its first line
 */
function* overlappingChunks(
  next: Read,
  buffer: Buffer,
): Generator<{ readonly bytes: Buffer; readonly line: number }> {
  let kept = 0;
  let line = 1;
  for (;;) {
    const read = next(buffer, kept, buffer.length - kept);
    if (read === 0) return;
    const bytes = buffer.subarray(0, kept + read);
    yield { bytes, line };
    kept = Math.min(OVERLAP, bytes.length);
    if (bytes.length === buffer.length) line += newlines(bytes, bytes.length - kept);
    bytes.copy(buffer, 0, bytes.length - kept);
  }
}

function secretsInText(bytes: Buffer, firstLine: number): Match[] {
  return secretsIn(bytes.toString('latin1')).map(({ kind, at }) => ({
    kind,
    line: firstLine + newlines(bytes, at),
  }));
}

/** Finds the secrets in a text. @returns the kind and offset of each */
export function secretsIn(text: string): { readonly kind: SecretKind; readonly at: number }[] {
  const found: { kind: SecretKind; at: number }[] = [];
  for (const match of text.matchAll(COMBINED)) {
    const index = CONTENT_RULES.findIndex((_, rule) => match.groups?.[`r${rule}`] !== undefined);
    const rule = CONTENT_RULES[index];
    if (rule && (rule.isSecret?.(match[0]) ?? true)) found.push({ kind: rule.kind, at: match.index });
  }
  return found;
}

function kindsOfPlace(path: string, start: Buffer): SecretKind[] {
  const rules = FILE_RULES.filter((rule) => rule.path.test(path));
  if (rules.length === 0) return [];
  const text = start.toString('latin1');
  return rules.filter(({ content }) => content?.test(text) ?? true).map(({ kind }) => kind);
}

function secretsInBinary(bytes: Buffer): Match[] {
  const kinds = new Set<SecretKind>();
  for (const needle of IN_BINARIES) {
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + needle.length)) {
      const near = bytes.toString('latin1', Math.max(0, at - LONGEST_HEADER), at + LONGEST_KEY_START);
      for (const { kind } of secretsIn(near)) kinds.add(kind);
    }
  }
  return [...kinds].map((kind) => ({ kind }));
}

function newlines(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1 && at < end; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
