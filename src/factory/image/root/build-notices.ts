import { lstat, readFile, rm } from 'node:fs/promises';
import { printableFileName } from '../../../common/files/file-name.ts';
import { resolveInRoot } from '../../../common/files/resolve-in-root.ts';

/** Where the scripts of the image build leave notices: the engine shows their output to nobody, and caches their result. */
const NOTICES = '/boot/kairos-notices';
const LIMIT = 20;

/** Removes the notices that an image build left in its root, and returns them, one per line, at most 20. */
export async function takeBuildNotices(root: string): Promise<string[]> {
  const file = await resolveInRoot(root, NOTICES);
  if (file === undefined || !(await lstat(file)).isFile()) return [];
  const text = await readFile(file, 'utf8');
  await rm(file);
  // The base can have written the file: its text must not control the terminal.
  return text.split('\n').filter(Boolean).slice(0, LIMIT).map(printableFileName);
}
