import { join } from 'node:path';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import { loadArtifactsSpec } from '../../config/artifacts-spec.ts';
import { type BaseReference, formatBaseReference } from '../../config/base-reference.ts';
import type { RegistrySettings } from '../../config/registries.ts';
import type { BuildOptions } from '../../pipeline/build-options.ts';
import { type BuildReport, onlyBuild } from '../../pipeline/build-report.ts';
import { claimRun } from '../../pipeline/run-claim.ts';
import { runTargets } from '../../pipeline/run-targets.ts';
import { cacheDirectory, refuseCache } from '../../pipeline/workspace.ts';
import type { HeldImage, PushSource } from './push-source.ts';

/** Artifacts of an existing image in a temporary output directory, which disposal removes. */
export interface TemporaryOutput extends AsyncDisposable {
  readonly report: BuildReport;
}

/** Options of {@link artifactsOf}. */
export interface TemporaryOptions {
  readonly artifacts: readonly ArtifactKind[];
  /** Configuration overrides, `KEY=VALUE`. */
  readonly set: readonly string[];
  /** Settings of registries; by default those among the overrides. */
  readonly registries?: readonly RegistrySettings[];
  readonly options: BuildOptions;
}

/**
 * Makes artifacts of an existing OS image, with the same bytes that the command "artifacts" writes.
 * @throws FactoryError as documented at `runTargets`, or the failure of the image
 */
export async function artifactsOf(
  reference: BaseReference,
  { artifacts, set, registries, options }: TemporaryOptions,
): Promise<TemporaryOutput> {
  // If this run is killed, a later one removes the artifacts.
  const cache = cacheDirectory(process.env);
  const claim = await claimRun(join(cache, 'work'), { prefix: '.push-' }).catch(refuseCache(cache));
  const output = join(claim.path, 'output');
  const lock = join(claim.path, 'kairos-factory.lock');
  const flags = { image: formatBaseReference(reference), artifacts, output, 'lock-file': lock };
  try {
    const { spec, ...image } = await loadArtifactsSpec({ set, flags });
    const target = { ...image, spec: { ...spec, ...(registries && { registries }) } };
    const report = onlyBuild(await runTargets([target], options));
    return { report, [Symbol.asyncDispose]: claim.close };
  } catch (error) {
    await claim.close();
    throw error;
  }
}

/** An image in a temporary layout, which disposal removes. */
export interface LaidOutImage extends AsyncDisposable {
  readonly source: PushSource;
}

/**
 * Writes an existing OS image of a daemon, an archive or a directory as an OCI layout.
 * @throws FactoryError as documented at {@link artifactsOf}
 */
export async function layOutImage(
  { reference }: HeldImage,
  options: Pick<TemporaryOptions, 'set' | 'options'>,
): Promise<LaidOutImage> {
  const made = await artifactsOf(reference, { ...options, artifacts: ['oci'] });
  const source = { kind: 'folder' as const, path: made.report.output, artifacts: [] };
  return { source, [Symbol.asyncDispose]: () => made[Symbol.asyncDispose]() };
}
