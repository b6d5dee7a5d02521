import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { aptDownload } from '../../tools/apt-helper.ts';
import type { Runner } from '../../tools/runner.ts';

/** The state of a package archive when a root was bootstrapped from it. */
export interface ArchiveState {
  /** URL and SHA-256 of each signed index. */
  readonly indexes: readonly { readonly url: string; readonly sha256: string }[];
  /** Latest date of an index, as a Unix timestamp in seconds. */
  readonly date: number;
}

/**
 * Reads the state from apt's lists (`/var/lib/apt/lists`).
 * @param scheme URL scheme of the archive: `http` or `https`
 * @throws FactoryError `step` when there is no signed index
 */
export async function readArchiveState(lists: string, scheme: string): Promise<ArchiveState> {
  const names = (await readdir(lists)).filter((name) => name.endsWith('InRelease')).sort();
  if (names.length === 0)
    throw new FactoryError('PACKAGE_INDEX_MISSING', 'the package archive has no signed index (InRelease)', {
      remedy: 'Use an archive with a signed index for this release.',
    });
  const dates: number[] = [];
  const indexes = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(lists, name), 'utf8');
      dates.push(Date.parse(/^Date: (.+)$/m.exec(text)?.[1] ?? '') / 1000);
      // The file name is the URL without its scheme, with "/" replaced by "_" and some characters escaped (apt's
      // URItoFileName).
      return { url: `${scheme}://${decodeURIComponent(name.replaceAll('_', '/'))}`, sha256: digest(text) };
    }),
  );
  return { indexes, date: Math.max(...dates) };
}

/**
 * Whether the archive still has the same indexes. An archive that cannot be reached counts as unchanged, so that air-gapped
 * sites can keep their bases.
 * @throws FactoryError other than `step` from apt, such as `interrupted`
 */
export async function isArchiveUnchanged(
  runner: Runner,
  state: ArchiveState,
  scratch: string,
): Promise<boolean> {
  const checks = state.indexes.map(async ({ url, sha256 }, index) => {
    const file = join(scratch, `InRelease-${index}`);
    try {
      await aptDownload(runner, url, file);
      return digest(await readFile(file, 'utf8')) === sha256;
    } catch (error) {
      if (error instanceof FactoryError && error.kind === 'step') return true;
      throw error;
    } finally {
      await rm(file, { force: true });
    }
  });
  return (await Promise.all(checks)).every(Boolean);
}

function digest(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
