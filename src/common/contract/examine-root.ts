import { readFile } from 'node:fs/promises';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHES, type Arch } from './architectures.ts';
import { type BootFiles, findBootFiles } from './boot-files.ts';
import { NODE_PATH } from './node-paths.ts';
import { parseOsRelease } from './os-release.ts';
import { rootArch } from './root-arch.ts';

/** A root filesystem, with the facts that the conformance rules check. */
export interface ExaminedRoot {
  /** Host path of the tree. */
  readonly path: string;
  /** Whether a path exists; links are not followed outside of the tree. */
  readonly has: (path: string) => Promise<boolean>;
  /** `/etc/kairos-release`; empty when it is missing. */
  readonly release: { readonly text: string; readonly keys: ReadonlyMap<string, string> };
  /** `KAIROS_ARCH`, if the release file has it. */
  readonly statedArch: string | undefined;
  /** The architecture of the tree's programs, if it can be determined. */
  readonly programArch: string | undefined;
  /** The architecture whose rules apply; `undefined` when it is unsupported. */
  readonly arch: Arch | undefined;
  readonly boot: BootFiles;
}

/** The architecture whose boot files are searched when the tree does not state a supported one. */
export const DEFAULT_ARCH: Arch = 'amd64';

/** Reads the facts about a root filesystem that several conformance rules need. */
export async function examineRoot(path: string): Promise<ExaminedRoot> {
  const release = await resolveInRoot(path, NODE_PATH.release);
  const text = release === undefined ? '' : await readFile(release, 'utf8');
  const keys = parseOsRelease(text);
  const statedArch = keys.get('KAIROS_ARCH');
  const programArch = await rootArch(path);
  const arch = ARCHES.find((known) => known === (statedArch ?? programArch ?? DEFAULT_ARCH));
  return {
    path,
    has: async (wanted) => (await resolveInRoot(path, wanted)) !== undefined,
    release: { text, keys },
    statedArch,
    programArch,
    arch,
    boot: await findBootFiles(path, arch ?? DEFAULT_ARCH),
  };
}
