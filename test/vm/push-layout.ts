import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { TestRegistry } from '../support/registry.ts';
import { type TestMember, tarBytes } from '../unit/support/tar-bytes.ts';

interface Descriptor {
  readonly mediaType?: string;
  readonly digest: string;
  readonly size?: number;
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

/**
 * Pushes an image that has one more layer than a pushed one, with one file.
 * @returns its manifest, as a template for similar images, and its digest
 */
export async function pushWithFile(
  registry: TestRegistry,
  repository: string,
  image: { readonly manifest: ImageManifest; readonly tag: string; readonly file: TestMember },
): Promise<{ manifest: ImageManifest; digest: string }> {
  const layer = tarBytes([image.file]);
  const answer = await registry.get(`${repository}/blobs/${image.manifest.config.digest}`);
  const config = (await answer.json()) as { rootfs: { diff_ids: string[] }; history?: object[] };
  config.rootfs.diff_ids.push(await registry.pushBlob(repository, layer));
  config.history?.push({ created_by: 'a test' });
  const blob = async (mediaType: string, content: Uint8Array) => ({
    mediaType,
    digest: await registry.pushBlob(repository, content),
    size: content.byteLength,
  });
  const manifest = {
    ...image.manifest,
    config: await blob('application/vnd.oci.image.config.v1+json', Buffer.from(JSON.stringify(config))),
    layers: [...image.manifest.layers, await blob('application/vnd.oci.image.layer.v1.tar', layer)],
  };
  return { manifest, digest: await pushLike(registry, manifest, repository, image.tag) };
}
