import { parseApkDatabase, readApkDatabase } from './apk.ts';
import type { PackageFiles } from './installed-package.ts';

/** Reads which files apk installed for each package: lines `F:DIRECTORY`, and below each the lines `R:FILE`. */
export async function readApkFiles(root: string): Promise<PackageFiles[]> {
  const text = (await readApkDatabase(root)) ?? '';
  return text.split(/\n\n+/).flatMap((paragraph) => {
    const [found] = parseApkDatabase(paragraph);
    if (found === undefined) return [];
    const { type, name, version, arch } = found;
    return [{ type, name, version, arch, paths: filesOf(paragraph) }];
  });
}

function filesOf(paragraph: string): string[] {
  let directory = '';
  return paragraph.split('\n').flatMap((line) => {
    if (line.startsWith('F:')) directory = line.slice(2);
    if (!line.startsWith('R:')) return [];
    return [directory === '' ? line.slice(2) : `${directory}/${line.slice(2)}`];
  });
}
