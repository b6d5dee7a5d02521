import { closeSync, openSync, readSync } from 'node:fs';
import { CONTENT_RULES } from './content-rules.ts';
import { FILE_RULES } from './file-rules.ts';
import type { Finding, SecretKind } from './secret-kinds.ts';

/** Large reads; what lies across two of them is found in the overlap, which is longer than any pattern that matters. */
export const CHUNK = 8 * 1024 * 1024;
const OVERLAP = 32 * 1024;
/** What programs go by to tell a text (grep, git). */
const TEXT_PROBE = 8 * 1024;
/** What has a body in it, of what a program or a disk image can hold. Not every rule: that would take seconds. */
const IN_BINARIES = ['PRIVATE KEY', 'AGE-SECRET-KEY-1'].map((text) => Buffer.from(text, 'latin1'));
const LONGEST_HEADER = 64;
const LONGEST_KEY_START = 1024;

const COMBINED = new RegExp(
  CONTENT_RULES.map(({ pattern }, index) => `(?<r${index}>${pattern})`).join('|'),
  'g',
);

/** The credentials of a build, as they may stand in a file: each in every form. */
export type Needles = readonly Buffer[];

/** What is looked for besides the rules, and where what is read has room. */
export interface ContentScan {
  readonly needles: Needles;
  /** Room for one read, which callers with many files share among them; one of its own when absent. */
  readonly buffer?: Buffer;
}

/** Fills a part of a buffer with what comes next, and gives how much that is: 0 at the end. */
type Read = (buffer: Buffer, offset: number, length: number) => number;

/**
 * Looks for secrets in one file, which is read once and never whole.
 * @param file path on the host; a regular file
 * @param path what findings call it; the rules on places go by it
 */
export function scanFile(file: string, path: string, options: ContentScan): Finding[] {
  const handle = openSync(file, 'r');
  try {
    const read: Read = (into, offset, length) => readSync(handle, into, offset, length, null);
    return scan(read, { path, place: path }, options);
  } finally {
    closeSync(handle);
  }
}

/**
 * Looks for secrets in a file that is in memory.
 * @param name goes before the path in findings
 * @param place path in the archive that it comes from; the rules on places go by it
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

// biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
function scan(
  next: Read,
  { path, place }: { readonly path: string; readonly place: string },
  { needles, buffer = Buffer.allocUnsafe(CHUNK) }: ContentScan,
): Finding[] {
  const found = new Map<SecretKind, Finding>();
  const add = (kind: SecretKind, line?: number) => {
    if (!found.has(kind)) found.set(kind, { path, kind, ...(line === undefined ? {} : { line }) });
  };
  let isText = true;
  let kept = 0;
  let lines = 1;
  for (let first = true; ; first = false) {
    const read = next(buffer, kept, buffer.length - kept);
    if (read === 0) break;
    const bytes = buffer.subarray(0, kept + read);
    if (first) {
      isText = !bytes.subarray(0, TEXT_PROBE).includes(0);
      for (const kind of kindsOfPlace(place, bytes)) add(kind);
    }
    for (const needle of needles) if (bytes.includes(needle)) add('build-credential');
    if (isText)
      for (const { kind, at } of secretsIn(bytes.toString('latin1'))) add(kind, lines + newlines(bytes, at));
    else for (const kind of secretsInBinary(bytes)) add(kind);
    kept = Math.min(OVERLAP, bytes.length);
    if (bytes.length === buffer.length) lines += newlines(bytes, bytes.length - kept);
    bytes.copy(buffer, 0, bytes.length - kept);
  }
  return [...found.values()];
}

/** The secrets in a text. */
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

function secretsInBinary(bytes: Buffer): SecretKind[] {
  const kinds = new Set<SecretKind>();
  for (const needle of IN_BINARIES) {
    for (let at = bytes.indexOf(needle); at !== -1; at = bytes.indexOf(needle, at + needle.length)) {
      const near = bytes.toString('latin1', Math.max(0, at - LONGEST_HEADER), at + LONGEST_KEY_START);
      for (const { kind } of secretsIn(near)) kinds.add(kind);
    }
  }
  return [...kinds];
}

function newlines(bytes: Buffer, end: number): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1 && at < end; at = bytes.indexOf(10, at + 1)) count += 1;
  return count;
}
