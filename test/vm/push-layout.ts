import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRegistry } from '../support/registry.ts';

interface Descriptor {
  readonly digest: string;
}

/** The parts of an image manifest that pushing needs. */
export interface ImageManifest {
  readonly schemaVersion: number;
  readonly mediaType: string;
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
  readonly annotations?: Readonly<Record<string, string>>;
}

/**
 * Pushes the image of an OCI layout.
 * @returns its manifest, as a template for similar images, and its digest
 */
export async function pushLayout(
  registry: TestRegistry,
  layout: string,
  repository: string,
  tag: string,
): Promise<{ manifest: ImageManifest; digest: string }> {
  const blob = (digest: string) => readFile(join(layout, 'blobs', digest.replace(':', '/')));
  const index = JSON.parse(await readFile(join(layout, 'index.json'), 'utf8')) as { manifests: Descriptor[] };
  const [entry] = index.manifests;
  if (!entry) throw new Error(`${layout} holds no image`);
  const manifest = JSON.parse((await blob(entry.digest)).toString()) as ImageManifest;
  for (const { digest } of [manifest.config, ...manifest.layers]) {
    await registry.pushBlob(repository, await blob(digest));
  }
  return { manifest, digest: await pushLike(registry, manifest, repository, tag) };
}

/** Pushes an image with the content of another one but a different digest. */
export async function pushLike(
  registry: TestRegistry,
  manifest: ImageManifest,
  repository: string,
  tag: string,
  changes: Partial<ImageManifest> = {},
): Promise<string> {
  const annotations = { ...manifest.annotations, 'org.example.tag': tag };
  return registry.pushManifest(repository, { ...manifest, annotations, ...changes }, tag);
}
