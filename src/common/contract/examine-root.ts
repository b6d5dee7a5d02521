import { readFile } from 'node:fs/promises';
import { resolveInRoot } from '../files/resolve-in-root.ts';
import { ARCHES, type Arch } from './architectures.ts';
import { type BootFiles, findBootFiles } from './boot-files.ts';
import { NODE_PATH } from './node-paths.ts';
import { parseOsRelease } from './os-release.ts';
import { rootArch } from './root-arch.ts';

/** A root filesystem, with what the rules of conformance ask of it. */
export interface ExaminedRoot {
  /** Host path of the tree. */
  readonly path: string;
  /** Whether there is something at a path; nothing is followed outside of the tree. */
  readonly has: (path: string) => Promise<boolean>;
  /** `/etc/kairos-release`: empty when it is missing. */
  readonly release: { readonly text: string; readonly keys: ReadonlyMap<string, string> };
  /** `KAIROS_ARCH`, where the release file has it. */
  readonly statedArch: string | undefined;
  /** What the programs of the tree are for, where that can be read. */
  readonly programArch: string | undefined;
  /** What the tree is judged as; `undefined` when it is for a machine that no images are made for. */
  readonly arch: Arch | undefined;
  readonly boot: BootFiles;
}

/** Architecture that boot files are looked for where the tree states none that is known. */
export const DEFAULT_ARCH: Arch = 'amd64';

/** Reads what several rules of conformance need of a root filesystem. */
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
