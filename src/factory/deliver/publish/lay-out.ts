import { join } from 'node:path';
import { loadArtifactsSpec } from '../../config/artifacts-spec.ts';
import { formatBaseReference } from '../../config/base-reference.ts';
import type { BuildOptions } from '../../pipeline/build-options.ts';
import { onlyBuild } from '../../pipeline/build-report.ts';
import { claimRun } from '../../pipeline/run-claim.ts';
import { runTargets } from '../../pipeline/run-targets.ts';
import { cacheDirectory, refuseCache } from '../../pipeline/workspace.ts';
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
  // If this run is killed, a later one removes the layout.
  const cache = cacheDirectory(process.env);
  const claim = await claimRun(join(cache, 'work'), { prefix: '.push-' }).catch(refuseCache(cache));
  const output = join(claim.path, String(index));
  const flags = { image: formatBaseReference(reference), artifacts: ['oci'], output };
  try {
    onlyBuild(await runTargets([await loadArtifactsSpec({ set, flags })], options));
  } catch (error) {
    await claim.close();
    throw error;
  }
  const source = { kind: 'folder' as const, path: output, artifacts: [] };
  return { source, [Symbol.asyncDispose]: claim.close };
}
