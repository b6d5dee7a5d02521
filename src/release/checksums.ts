import { FactoryError } from '../errors/factory-error.ts';

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

/**
 * Reads `SHA256SUMS`.
 * @param place names the file in messages
 * @throws FactoryError `verification` for a line of another form, a path that leads elsewhere, a file named twice
 */
export function parseChecksums(text: string, place: string): Checksum[] {
  const seen = new Set<string>();
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const [, sha256, file] = /^([0-9a-f]{64}) [ *](.+)$/.exec(line) ?? [];
      const isPath = file !== undefined && !file.split('/').some((part) => ['', '.', '..'].includes(part));
      if (sha256 === undefined || !isPath || seen.has(file)) {
        throw new FactoryError(
          'verification',
          `${place} has a line that is no checksum of a file beside it`,
          {
            details: [line.slice(0, 200)],
            remedy: 'Do not use it; have the files made again.',
          },
        );
      }
      seen.add(file);
      return { file, sha256 };
    });
}
