import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hashFile } from '../../common/files/digest.ts';
import { bundleDigest } from '../../common/trust/verify-file.ts';
import { bundleName, MANIFEST, readSums, SUMS } from './output-files.ts';

/**
 * Removes the bundles in an output directory that sign an earlier version of their file. Bundles of unchanged files stay,
 * whoever signed them.
 * @returns names of the removed bundles
 */
export async function removeStaleBundles(directory: string): Promise<string[]> {
  const listed = (await readSums(directory)) ?? [];
  const own = await Promise.all(
    [SUMS, MANIFEST].map(async (name) => ({ name, sha256: await hashFile(join(directory, name)) })),
  );
  const removed: string[] = [];
  for (const { name, sha256 } of [...own, ...listed]) {
    const bundle = bundleName(name);
    const bytes = await readFile(join(directory, bundle)).catch(() => undefined);
    if (bytes === undefined || signedDigest(bytes) === sha256) continue;
    await rm(join(directory, bundle), { force: true });
    removed.push(bundle);
  }
  return removed;
}

/** The digest that a bundle signs; `undefined` for a damaged bundle. */
function signedDigest(bundle: Uint8Array): string | undefined {
  try {
    return bundleDigest(bundle);
  } catch {
    return undefined;
  }
}
