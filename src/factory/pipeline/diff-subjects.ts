import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrySettings } from '../config/registries.ts';
import { compare, type Difference } from '../inspect/diff/compare.ts';
import { unlockedImages } from './image-sources.ts';
import { withSession } from './session.ts';

/** How two things are compared. */
export interface DiffOptions {
  /** Of images that are for several architectures; that of this machine when absent. */
  readonly arch: string | undefined;
  readonly registries: readonly RegistrySettings[];
  /** Told the path of the log. */
  readonly onLog: (file: string) => void;
}

/**
 * Compares two images or artifacts, in a session: what is unpacked for it is gone afterwards.
 * @throws FactoryError as `compare` does
 */
export async function diffSubjects(
  a: string,
  b: string,
  { arch, registries, onLog }: DiffOptions,
): Promise<Difference> {
  return withSession(
    async (session) => {
      const { runner, daemon, workspace, signal } = session;
      const images = unlockedImages(session, { registries });
      const scratch = (name: string) => mkdtemp(join(workspace.work, `diff-${name}-`));
      return compare(a, b, { runner, images, daemon, arch, scratch, signal });
    },
    { onLog },
  );
}
