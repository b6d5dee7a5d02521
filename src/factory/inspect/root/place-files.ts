import { mkdir, rename, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { encodeFileName, placeIn } from '../../../common/files/file-name.ts';
import type { RootFile, RootSelection } from './root-view.ts';

/**
 * Puts files that were read to their paths in an empty directory. Links come last, so that nothing is written through one.
 * @param contents the place of each content on the host, by path; a place is used once
 */
export async function placeFiles(
  directory: string,
  files: Iterable<RootFile>,
  { contents, keeps }: { readonly contents: ReadonlyMap<string, string> } & Pick<RootSelection, 'keeps'>,
): Promise<void> {
  const links: RootFile[] = [];
  for (const file of files) {
    if (!keeps(file.path, file.size)) continue;
    if (file.kind === 'symlink') links.push(file);
    const content = contents.get(file.path);
    if (file.kind === 'directory')
      await mkdir(placeIn(directory, file.path), { recursive: true }).catch(() => undefined);
    if (content === undefined) continue;
    await mkdir(placeIn(directory, dirname(file.path)), { recursive: true });
    await rename(content, placeIn(directory, file.path));
  }
  for (const { path, target = '' } of links) {
    await mkdir(join(directory, dirname(path)), { recursive: true });
    // A hostile archive may have a file below its link; then the link is left out.
    await symlink(encodeFileName(target), placeIn(directory, path)).catch(() => undefined);
  }
}
