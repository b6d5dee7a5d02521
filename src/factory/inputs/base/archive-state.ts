import { createHash } from 'node:crypto';
import { readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { aptDownload } from '../../tools/apt-helper.ts';
import type { Runner } from '../../tools/runner.ts';

/** What a package archive offered when a root was bootstrapped from it. */
export interface ArchiveState {
  /** The signed indexes: where each came from, and its sha256. */
  readonly indexes: readonly { readonly url: string; readonly sha256: string }[];
  /** The newest date of an index, in seconds since 1970. */
  readonly date: number;
}

/**
 * Reads the state from apt's lists (`/var/lib/apt/lists`).
 * @param scheme how the archive was reached: `http` or `https`
 * @throws FactoryError `step` when there are none
 */
export async function readArchiveState(lists: string, scheme: string): Promise<ArchiveState> {
  const names = (await readdir(lists)).filter((name) => name.endsWith('InRelease')).sort();
  if (names.length === 0)
    throw new FactoryError('PACKAGE_INDEX_MISSING', 'the package archive has no signed index (InRelease)', {
      remedy: 'Use an archive that has one for this release.',
    });
  const dates: number[] = [];
  const indexes = await Promise.all(
    names.map(async (name) => {
      const text = await readFile(join(lists, name), 'utf8');
      dates.push(Date.parse(/^Date: (.+)$/m.exec(text)?.[1] ?? '') / 1000);
      // The file name is the address with "/" written as "_", a few characters escaped, and the scheme left out (apt's
      // URItoFileName).
      return { url: `${scheme}://${decodeURIComponent(name.replaceAll('_', '/'))}`, sha256: digest(text) };
    }),
  );
  return { indexes, date: Math.max(...dates) };
}

/**
 * Whether the archive still is as it was. An archive that cannot be reached counts as unchanged: the air-gapped site
 * keeps what it has.
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
