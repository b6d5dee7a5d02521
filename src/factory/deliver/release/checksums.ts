import { parseSums } from '../../signing/output-files.ts';

/** A line of `SHA256SUMS`. */
export interface Checksum {
  /** Path below the directory of the file. */
  readonly file: string;
  /** In lower-case hex. */
  readonly sha256: string;
}

/** Writes what `sha256sum --check` reads; sorted by name. */
export function renderChecksums(sums: readonly Checksum[]): string {
  const sorted = [...sums].sort((a, b) => (a.file < b.file ? -1 : 1));
  return sorted.map(({ file, sha256 }) => `${sha256}  ${file}\n`).join('');
}

/** Reads `SHA256SUMS`. @throws FactoryError `verification` as documented at `parseSums` */
export function parseChecksums(text: string, place: string): Checksum[] {
  return parseSums(text, place).map(({ name, sha256 }) => ({ file: name, sha256 }));
}
