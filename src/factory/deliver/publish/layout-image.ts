import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { digestOf } from '../../../common/files/digest.ts';
import { blobPath } from '../../../common/oci/layers/image-layout.ts';
import {
  type Descriptor,
  type Platform,
  parseConfig,
  parseManifest,
} from '../../../common/oci/registry/image-manifest.ts';
import { platformOf } from '../../../common/oci/registry/platform.ts';
import type { ManifestContent } from '../../../common/oci/registry/registry-writer.ts';
import { expectOwn } from './expect-own.ts';

/** A manifest of a layout, with the content that a registry must have before it accepts the manifest. */
interface LayoutManifest extends ManifestContent {
  /** Configuration and layers; empty for an index. */
  readonly blobs: readonly Descriptor[];
  /** The manifests that an index lists. */
  readonly children: readonly LayoutManifest[];
}

/** An image of an OCI layout (image-spec 1.1, "Image Layout"). */
export interface LayoutImage extends LayoutManifest {
  readonly directory: string;
  /** Its name in the layout, such as the image tag of docs/contract.md. */
  readonly name: string | undefined;
  /** `undefined` for an index, and for an image that does not state its platform. */
  readonly platform: Platform | undefined;
}

const REF_NAME = 'org.opencontainers.image.ref.name';
/** Maximum nesting of indexes. */
const NESTING = 2;

/** The path of a blob in a layout. */
export function layoutBlob(directory: string, digest: string): string {
  return join(directory, 'blobs', blobPath(digest));
}

/**
 * Reads an image of a layout. Checks the digests of the manifests and the sizes of the blobs; the content of a blob is
 * checked when it is read for the push.
 * @param name name of the image in the layout; without a name, the layout must have exactly one image
 * @throws FactoryError `usage` when there is no such image, `verification` when a blob is missing or damaged
 */
export async function readLayoutImage(directory: string, name?: string): Promise<LayoutImage> {
  const label = `the layout ${directory}`;
  const text = await readFile(join(directory, 'index.json')).catch((error: unknown) => {
    throw new FactoryError('IMAGE_UNREADABLE', `${directory} is not an OCI layout: ${messageOf(error)}`, {
      remedy: 'Give the directory that holds index.json, oci-layout and blobs.',
      cause: error,
    });
  });
  const parsed = parseManifest(label, text);
  const entries = parsed.kind === 'index' ? parsed.index.manifests : [];
  const matching =
    name === undefined ? entries : entries.filter((one) => one.annotations?.[REF_NAME] === name);
  const [entry] = matching;
  if (entry === undefined || matching.length > 1) {
    const names = entries.map((one) => one.annotations?.[REF_NAME] ?? one.digest);
    throw new FactoryError('IMAGE_AMBIGUOUS', `${label} has ${matching.length} matching images`, {
      details: names,
      remedy: 'Name one image: oci:DIR:NAME.',
    });
  }
  const manifest = await readManifest(directory, entry, 0);
  const [config] = manifest.blobs;
  return {
    ...manifest,
    directory,
    name: entry.annotations?.[REF_NAME],
    platform: config === undefined ? undefined : await readPlatform(directory, config),
  };
}

async function readManifest(directory: string, entry: Descriptor, depth: number): Promise<LayoutManifest> {
  const { digest } = entry;
  const name = `${digest} of ${directory}`;
  const bytes = await readFile(layoutBlob(directory, digest)).catch((error: unknown) => {
    throw incomplete(directory, digest, messageOf(error));
  });
  expectOwn(name, digest, digestOf(bytes, digest));
  const parsed = parseManifest(name, bytes, entry.mediaType);
  const content = { bytes, digest, mediaType: parsed.mediaType };
  if (parsed.kind === 'index') {
    if (depth >= NESTING) throw incomplete(directory, digest, 'its indexes are nested too deeply');
    const children: LayoutManifest[] = [];
    for (const child of parsed.index.manifests)
      children.push(await readManifest(directory, child, depth + 1));
    return { ...content, blobs: [], children };
  }
  const blobs = [parsed.manifest.config, ...parsed.manifest.layers];
  for (const blob of blobs) {
    const stats = await stat(layoutBlob(directory, blob.digest)).catch(() => undefined);
    if (stats?.size === blob.size) continue;
    const problem = stats === undefined ? 'it is missing' : `it has ${stats.size} bytes, not ${blob.size}`;
    throw incomplete(directory, blob.digest, problem);
  }
  return { ...content, blobs, children: [] };
}

async function readPlatform(directory: string, config: Descriptor): Promise<Platform | undefined> {
  const bytes = await readFile(layoutBlob(directory, config.digest));
  expectOwn(`${config.digest} of ${directory}`, config.digest, digestOf(bytes, config.digest));
  return platformOf(parseConfig(directory, bytes));
}

function incomplete(directory: string, digest: string, problem: string): FactoryError {
  return new FactoryError('DIGEST_MISMATCH', `the layout ${directory} is damaged: ${digest}: ${problem}`, {
    remedy: 'Build it again.',
  });
}
