import { readFile } from 'node:fs/promises';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { parseOsRelease } from './os-release.ts';

/** Contains the distribution `ID` of a boot loader that is not the root's own. */
const BOOT_LOADER_ID = '/usr/lib/kairos/boot-loader-id';

/** Reads the os-release of a root, in either of its places (os-release(5)); links stay in the root. Empty when there is none. */
export async function rootOsRelease(root: string): Promise<ReadonlyMap<string, string>> {
  return parseOsRelease(
    (await readInRoot(root, '/etc/os-release')) ?? (await readInRoot(root, '/usr/lib/os-release')) ?? '',
  );
}

/** The distribution that a root's boot loader comes from, by whose names its programs find each other. */
export interface BootLoaderOrigin {
  /** `ID` of its os-release. */
  readonly osId: string;
  /** `ID_LIKE` of the root's os-release. */
  readonly osLike: string;
}

/** Reads where the boot loader of a root comes from: another image (`kernel-from`), or the root's own distribution. */
export async function bootLoaderOrigin(root: string): Promise<BootLoaderOrigin> {
  const release = await rootOsRelease(root);
  const other = ((await readInRoot(root, BOOT_LOADER_ID)) ?? '').trim();
  return { osId: other || release.get('ID') || 'linux', osLike: release.get('ID_LIKE') ?? '' };
}

/** Reads a text file of a root; links stay in the root. `undefined` when it does not exist. */
export async function readInRoot(root: string, path: string): Promise<string | undefined> {
  const file = await resolveInRoot(root, path);
  return file === undefined ? undefined : readFile(file, 'utf8');
}
