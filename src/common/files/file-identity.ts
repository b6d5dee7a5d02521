import { stat } from 'node:fs/promises';

/**
 * Returns a text that identifies the current files at some paths, including their content: unlike other times, the change
 * time cannot be set. The number of links is the last field of each file.
 * @throws the error of the filesystem when a file does not exist
 */
export async function fileIdentity(files: readonly string[]): Promise<string> {
  const all = await Promise.all(files.map((file) => stat(file, { bigint: true })));
  return all
    .map((file) => {
      const links = file.isDirectory() ? 1 : file.nlink;
      return [file.dev, file.ino, file.size, file.mtimeNs, file.birthtimeNs, file.ctimeNs, links].join('-');
    })
    .join(' ');
}

/**
 * Whether files are still those that were made. Hard-linking a file, as a release does, changes its change time; for files
 * with several links only the birth and modification times are compared, and the release compares the content.
 * @param now the current {@link fileIdentity}
 * @param made the identity when the files had been made
 */
export function isSameFile(now: string, made: string): boolean {
  const before = made.split(' ');
  return now.split(' ').every((part, index) => {
    const fields = part.split('-');
    const known = before[index]?.split('-') ?? [];
    const isLinked = Number(fields.at(-1)) > 1;
    const compared = isLinked ? fields.slice(0, -2) : fields;
    return compared.every((field, at) => field === known[at]);
  });
}
