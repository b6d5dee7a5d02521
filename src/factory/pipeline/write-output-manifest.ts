import { readFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import { writeInPlace } from '../../common/files/output-file.ts';
import { ARTIFACT_KINDS, type ArtifactKind } from '../config/artifact-kinds.ts';
import type { ArchiveState } from '../inputs/base/archive-state.ts';
import type { Pin } from '../inputs/lock/pin.ts';
import { MANIFEST, SUMS } from '../signing/output-files.ts';
import { removeStaleBundles } from '../signing/stale-bundles.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { findResult, type Results } from './step.ts';
import { checksumKey } from './steps/artifact-keys.ts';
import { BASE_STEP } from './steps/base-facts.ts';
import { type DocumentEntry, PROOF_STEP, PROVENANCE_STEP, SBOM_STEP } from './steps/document.ts';
import { KUBERNETES_STEP, type KubernetesFact } from './steps/kubernetes-step.ts';
import { osImageFacts } from './steps/os-image-facts.ts';

/** An artifact in reports and in `manifest.json`. */
export interface ManifestEntry {
  readonly kind: ArtifactKind;
  /** Relative to the output directory; for an image layout, its `index.json`. */
  readonly file: string;
  /** Size in bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** `manifest.json`: the outputs and inputs of a build. Without times and paths, so that equal builds have equal manifests. */
export interface Manifest {
  readonly schema: 1;
  readonly tool: string;
  /** `/etc/kairos-release` of the OS image. */
  readonly release: Readonly<Record<string, string>>;
  /** Kernel version; absent if the file name of the kernel does not contain it. */
  readonly kernel?: string;
  /** Unix timestamp of the artifacts. */
  readonly sourceDateEpoch: number;
  /** Registry images that the build used, with the digests of their references; absent without any. */
  readonly images?: readonly Pin[];
  /** Package archive of a bootstrapped base; absent for other bases. */
  readonly archive?: ArchiveState;
  /** Verified Kubernetes files in the image; absent without Kubernetes. */
  readonly kubernetes?: readonly KubernetesFact[];
  readonly artifacts: readonly ManifestEntry[];
  /** SBOMs, provenance and test results. */
  readonly documents: readonly DocumentEntry[];
}

/**
 * Writes `manifest.json` and `SHA256SUMS` for the artifacts and documents of a finished build. Removes the signatures of
 * replaced files.
 */
export async function writeOutputManifest(
  env: Pick<BuildEnvironment, 'images' | 'tool' | 'partial'>,
  output: string,
  results: Results,
): Promise<Manifest> {
  const artifacts = artifactsOf(results, output).sort(byFile);
  const documents = documentsOf(results).sort(byFile);
  const { facts } = osImageFacts(results);
  const images = env.images.pins();
  const archive = findResult(results, BASE_STEP)?.facts.archive;
  const kubernetes = findResult(results, KUBERNETES_STEP)?.facts.files;
  const manifest: Manifest = {
    schema: 1,
    tool: env.tool,
    release: facts.release,
    ...(facts.kernel === undefined ? {} : { kernel: facts.kernel }),
    sourceDateEpoch: facts.epoch,
    ...(images.length > 0 ? { images } : {}),
    ...(archive ? { archive } : {}),
    ...(kubernetes ? { kubernetes } : {}),
    artifacts,
    documents,
  };
  const all = [...artifacts, ...documents].sort(byFile);
  const sums = all.map(({ sha256, file }) => `${sha256}  ${file}\n`).join('');
  await writeWhole(env, join(output, SUMS), sums);
  await writeWhole(env, join(output, MANIFEST), `${JSON.stringify(manifest, null, 2)}\n`);
  await removeStaleBundles(output);
  return manifest;
}

function artifactsOf(results: Results, output: string): ManifestEntry[] {
  return ARTIFACT_KINDS.flatMap((kind) => {
    const found = findResult(results, checksumKey(kind));
    if (found === undefined) return [];
    const { companions = [], ...own } = found.facts;
    return [own, ...companions].map(({ file, size, sha256 }) => ({
      kind,
      file: relative(output, file),
      size,
      sha256,
    }));
  });
}

function documentsOf(results: Results): DocumentEntry[] {
  return [SBOM_STEP, PROVENANCE_STEP, PROOF_STEP].flatMap(
    (key) => findResult(results, key)?.facts.documents ?? [],
  );
}

function byFile(a: { readonly file: string }, b: { readonly file: string }): number {
  return a.file < b.file ? -1 : 1;
}

/** Writes an output file completely or not at all. A file that already has the text keeps its times. */
async function writeWhole(
  { partial }: Pick<BuildEnvironment, 'partial'>,
  final: string,
  text: string,
): Promise<void> {
  if ((await readFile(final, 'utf8').catch(() => undefined)) === text) return;
  await writeInPlace(final, text, { partial: partial(basename(final)) });
}
