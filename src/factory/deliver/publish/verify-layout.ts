import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { type Descriptor, parseManifest } from '../../../common/oci/registry/image-manifest.ts';

/** The files and problems of an image layout. */
export interface CheckedLayout {
  /** Files that the index refers to, relative to the layout, including `index.json` and `oci-layout`. */
  readonly files: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** Maximum nesting of indexes. */
const NESTING = 4;
/** Maximum size of a manifest in bytes. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;

/**
 * Checks every blob of an image layout (image-spec 1.1, "Image Layout") against its digest, starting from the index. The
 * caller must have verified the index itself.
 */
export async function checkLayout(directory: string, signal: AbortSignal): Promise<CheckedLayout> {
  const files = new Set(['index.json', 'oci-layout']);
  const problems: string[] = [];

  const checkBlob = async ({ digest, size }: Descriptor): Promise<string | undefined> => {
    const name = `blobs/${digest.replace(':', '/')}`;
    if (files.has(name)) return undefined;
    files.add(name);
    const path = join(directory, name);
    const stats = await lstat(path).catch(() => undefined);
    if (!stats?.isFile()) problems.push(`${name} is missing`);
    else if (!digest.startsWith('sha256:')) problems.push(`${name} has a digest other than sha256`);
    else if (stats.size !== size || `sha256:${await hashFile(path, signal)}` !== digest)
      problems.push(`${name} was changed`);
    else return path;
    return undefined;
  };
  const walk = async (path: string, depth: number): Promise<void> => {
    const { size } = await lstat(path);
    if (size > MANIFEST_LIMIT || depth > NESTING) throw new Error('is too large');
    const parsed = parseManifest(path, await readFile(path));
    if (parsed.kind === 'manifest') {
      for (const blob of [parsed.manifest.config, ...parsed.manifest.layers]) await checkBlob(blob);
      return;
    }
    for (const entry of parsed.index.manifests) {
      const found = await checkBlob(entry);
      if (found !== undefined) await walk(found, depth + 1);
    }
  };

  await walk(join(directory, 'index.json'), 0).catch((error: unknown) => {
    signal.throwIfAborted();
    problems.push(messageOf(error));
  });
  return { files, problems };
}
