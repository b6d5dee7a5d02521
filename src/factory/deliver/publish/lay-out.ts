import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { runIdentity } from '../../../common/files/process-identity.ts';
import { loadArtifactsSpec } from '../../config/artifacts-spec.ts';
import { formatBaseReference } from '../../config/base-reference.ts';
import type { BuildOptions } from '../../pipeline/build-options.ts';
import { onlyBuild } from '../../pipeline/build-report.ts';
import { runTargets } from '../../pipeline/run-targets.ts';
import { cacheDirectory } from '../../pipeline/workspace.ts';
import type { HeldImage, PushSource } from './push-source.ts';

/** An image that was written as a layout, until it is disposed of. */
export interface LaidOutImage extends AsyncDisposable {
  readonly source: PushSource;
}

/**
 * Writes a ready OS image that a daemon, an archive or a directory holds as an OCI layout: the bytes that "artifacts" would
 * make of it.
 * @param at tells several images of one push apart
 * @throws FactoryError as documented at `runTargets`, or the failure of the image
 */
export async function layOutImage(
  { reference }: HeldImage,
  at: number,
  set: readonly string[],
  options: BuildOptions,
): Promise<LaidOutImage> {
  // Named by this run, so that a later one removes it if this one is killed.
  const output = join(cacheDirectory(process.env), 'work', `${runIdentity(process.pid)}-push-${at}`);
  const flags = { image: formatBaseReference(reference), artifacts: ['oci'], output };
  const remove = () => rm(output, { recursive: true, force: true });
  try {
    onlyBuild(await runTargets([await loadArtifactsSpec({ set, flags })], options));
  } catch (error) {
    await remove();
    throw error;
  }
  const source = { kind: 'folder' as const, path: output, artifacts: [] };
  return { source, [Symbol.asyncDispose]: remove };
}
