import { stat } from 'node:fs/promises';

/**
 * Tells files from all that were or will be at their paths: the change time cannot be set, other times are. The number of
 * links comes last.
 * @throws the file system's error when one is not there
 */
export async function fileIdentity(files: readonly string[]): Promise<string> {
  const all = await Promise.all(files.map((file) => stat(file, { bigint: true })));
  return all
    .map((one) => {
      const links = one.isDirectory() ? 1 : one.nlink;
      return [one.dev, one.ino, one.size, one.mtimeNs, one.birthtimeNs, one.ctimeNs, links].join('-');
    })
    .join(' ');
}

/**
 * Whether what is there now is what was made. A link to a file, such as a release makes, sets its change time; then the
 * times of birth and of modification have to do, and the release compares the content.
 * @param now what {@link fileIdentity} gives
 * @param made what it gave when the files had been made
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
