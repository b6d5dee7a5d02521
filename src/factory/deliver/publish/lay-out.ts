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

/** An image in a temporary layout, which disposal removes. */
export interface LaidOutImage extends AsyncDisposable {
  readonly source: PushSource;
}

/** Options of {@link layOutImage}. */
export interface LayOutOptions {
  /** Position of the image among those of the push, to give each its own directory. */
  readonly index: number;
  /** Configuration overrides, `KEY=VALUE`. */
  readonly set: readonly string[];
  readonly options: BuildOptions;
}

/**
 * Writes an existing OS image of a daemon, an archive or a directory as an OCI layout, with the same bytes that the command
 * "artifacts" writes.
 * @throws FactoryError as documented at `runTargets`, or the failure of the image
 */
export async function layOutImage(
  { reference }: HeldImage,
  { index, set, options }: LayOutOptions,
): Promise<LaidOutImage> {
  // Named after this process, so that a later process removes the layout if this one is killed.
  const output = join(cacheDirectory(process.env), 'work', `${runIdentity(process.pid)}-push-${index}`);
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
