import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import type { RegistrySettings } from '../config/registries.ts';
import { compare, type Difference } from '../inspect/diff/compare.ts';
import { unlockedImages } from './image-sources.ts';
import { withSession } from './session.ts';

/** Options of {@link diffSubjects}. */
export interface DiffOptions {
  /** Architecture to select from an index of several; default: the host's. */
  readonly arch: string | undefined;
  readonly registries: readonly RegistrySettings[];
  /** Called with the path of the log once it exists. */
  readonly onLog: (file: string) => void;
}

/**
 * Compares two images or artifacts in a session, which removes all unpacked files afterwards.
 * @throws FactoryError as documented at `compare`
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
