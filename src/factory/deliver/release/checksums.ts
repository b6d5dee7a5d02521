import { parseSums } from '../../signing/output-files.ts';

/** A line of `SHA256SUMS`. */
export interface Checksum {
  /** Path relative to the directory of `SHA256SUMS`. */
  readonly file: string;
  /** Lower-case hex. */
  readonly sha256: string;
}

/** Renders `SHA256SUMS` in the format of `sha256sum --check`, sorted by name. */
export function renderChecksums(sums: readonly Checksum[]): string {
  const sorted = [...sums].sort((a, b) => (a.file < b.file ? -1 : 1));
  return sorted.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join('');
}

/**
 * Parses `SHA256SUMS`.
 * @param place the file's path, for messages
 * @throws FactoryError `verification` as documented at `parseSums`
 */
export function parseChecksums(text: string, place: string): Checksum[] {
  return parseSums(text, place).map(({ name, sha256 }) => ({ file: name, sha256 }));
}
