import { readFile, rename, writeFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import type { ArtifactKind } from '../config/schema.ts';
import type { ArchiveState } from '../inputs/base/archive-state.ts';
import type { Pin } from '../inputs/lock/pin.ts';
import { removeStaleBundles } from '../signing/stale-bundles.ts';
import type { BuildEnvironment } from './build-environment.ts';
import { type Results, resultOf } from './step.ts';
import { type DocumentEntry, documentsOf } from './steps/document.ts';
import { osImageFacts } from './steps/image-step.ts';
import { KUBERNETES_STEP, type KubernetesFact } from './steps/kubernetes-step.ts';

/** One artifact as reports and `manifest.json` tell it. */
export interface ManifestEntry {
  readonly kind: ArtifactKind;
  /** Relative to the output directory; for an image layout, its `index.json`. */
  readonly file: string;
  /** In bytes. */
  readonly size: number;
  readonly sha256: string;
}

/** `manifest.json`: what a build made, and from what. It holds no times and no paths, so equal builds have equal ones. */
export interface Manifest {
  readonly schema: 1;
  readonly tool: string;
  /** `/etc/kairos-release` of the OS image. */
  readonly release: Readonly<Record<string, string>>;
  /** Version of the kernel; absent when its name does not tell. */
  readonly kernel?: string;
  /** Seconds since 1970 that the artifacts are stamped with. */
  readonly sourceDateEpoch: number;
  /** Images of registries that went into it, by reference, and what those stood for; absent when there are none. */
  readonly images?: readonly Pin[];
  /** Archive that the base was bootstrapped from; absent for other bases. */
  readonly archive?: ArchiveState;
  /** Files of Kubernetes in the image, by what was verified; absent when there are none. */
  readonly kubernetes?: readonly KubernetesFact[];
  readonly artifacts: readonly ManifestEntry[];
  /** SBOMs and provenance. */
  readonly documents: readonly DocumentEntry[];
}

/**
 * Writes `manifest.json` and `SHA256SUMS` for the artifacts and documents of a finished build. Signatures of what was there
 * before go.
 */
export async function writeOutputManifest(
  env: BuildEnvironment,
  output: string,
  results: Results,
): Promise<Manifest> {
  const artifacts: ManifestEntry[] = [...results].flatMap(([id, result]) => {
    if (!id.startsWith('checksum:')) return [];
    const { file, size, sha256 } = result.facts as { file: string; size: number; sha256: string };
    const kind = id.slice('checksum:'.length) as ArtifactKind;
    return [{ kind, file: relative(output, file), size, sha256 }];
  });
  artifacts.sort((a, b) => (a.file < b.file ? -1 : 1));
  const documents = documentsOf(results.values());
  const { facts } = osImageFacts(resultOf(results, 'image'));
  const images = env.images.pins();
  const archive = results.get('base')?.facts['archive'] as ArchiveState | undefined;
  const kubernetes = results.get(KUBERNETES_STEP)?.facts['files'] as Manifest['kubernetes'];
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
  const all = [...artifacts, ...documents].sort((a, b) => (a.file < b.file ? -1 : 1));
  const sums = all.map(({ sha256, file }) => `${sha256}  ${file}\n`).join('');
  await writeWhole(env, output, 'SHA256SUMS', sums);
  await writeWhole(env, output, 'manifest.json', `${JSON.stringify(manifest, null, 2)}\n`);
  await removeStaleBundles(output);
  return manifest;
}

async function writeWhole(env: BuildEnvironment, output: string, name: string, text: string): Promise<void> {
  const final = join(output, name);
  if ((await readFile(final, 'utf8').catch(() => undefined)) === text) return;
  await writeFile(env.partial(name), text);
  await rename(env.partial(name), final);
}
