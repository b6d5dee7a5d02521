import { lstat, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { messageOf } from '../../../common/errors/factory-error.ts';
import { hashFile } from '../../../common/files/digest.ts';
import { type Descriptor, parseManifest } from '../../../common/oci/registry/image-manifest.ts';

/** What an image layout is made of, and what is wrong with it. */
export interface CheckedLayout {
  /** Files that its index leads to, relative to the layout; itself and `oci-layout` among them. */
  readonly files: ReadonlySet<string>;
  readonly problems: readonly string[];
}

/** Indexes within indexes end here. */
const NESTING = 4;
/** No manifest is larger, in bytes. */
const MANIFEST_LIMIT = 4 * 1024 * 1024;

/**
 * Checks every blob of an image layout (image-spec 1.1, "Image Layout") against its digest, from the index on, whose own
 * content somebody else has vouched for.
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
    else if (!digest.startsWith('sha256:')) problems.push(`${name} is named by another digest than sha256`);
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
