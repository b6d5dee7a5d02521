import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { digestOf } from '../../../common/files/digest.ts';
import {
  type Descriptor,
  type Platform,
  parseConfig,
  parseManifest,
} from '../../../common/oci/registry/image-manifest.ts';
import { platformOf } from '../../../common/oci/registry/platform.ts';
import type { ManifestContent } from '../../../common/oci/registry/registry-writer.ts';
import { blobPath } from '../../inputs/base/blob-cache.ts';
import { expectOwn } from './expect-own.ts';

/** A manifest of a layout, with what has to be in a registry before it. */
interface LayoutManifest extends ManifestContent {
  /** Configuration and layers; none of an index. */
  readonly blobs: readonly Descriptor[];
  /** What an index names. */
  readonly children: readonly LayoutManifest[];
}

/** An image of an OCI layout (image-spec 1.1, "Image Layout"). */
export interface LayoutImage extends LayoutManifest {
  readonly directory: string;
  /** What the layout calls it, such as the tag of the Kairos contract. */
  readonly name: string | undefined;
  /** What it is for; `undefined` for an index, and when it does not say. */
  readonly platform: Platform | undefined;
}

const REF_NAME = 'org.opencontainers.image.ref.name';
/** An index may name indexes, so deep at most. */
const NESTING = 2;

/** The file of a blob. */
export function layoutBlob(directory: string, digest: string): string {
  return join(directory, 'blobs', blobPath(digest));
}

/**
 * Reads an image of a layout: manifests are checked by their digests, blobs by their size. Their content is checked when
 * it is read.
 * @param name which image, by its name in the layout; the only one when absent
 * @throws FactoryError `usage` when there is no such image, `verification` when something is missing or not what it should be
 */
export async function readLayoutImage(directory: string, name?: string): Promise<LayoutImage> {
  const label = `the layout ${directory}`;
  const text = await readFile(join(directory, 'index.json')).catch((error: unknown) => {
    throw new FactoryError('IMAGE_UNREADABLE', `${directory} is no OCI layout: ${messageOf(error)}`, {
      remedy: 'Give the directory that holds index.json, oci-layout and blobs.',
      cause: error,
    });
  });
  const parsed = parseManifest(label, text);
  const entries = parsed.kind === 'index' ? parsed.index.manifests : [];
  const fitting =
    name === undefined ? entries : entries.filter((one) => one.annotations?.[REF_NAME] === name);
  const [entry] = fitting;
  if (entry === undefined || fitting.length > 1) {
    const names = entries.map((one) => one.annotations?.[REF_NAME] ?? one.digest);
    throw new FactoryError('IMAGE_AMBIGUOUS', `${label} has ${fitting.length} images that could be meant`, {
      details: names,
      remedy: 'Name one of them: oci:DIR:NAME.',
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
    if (depth >= NESTING) throw incomplete(directory, digest, 'indexes name each other too deeply');
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
  return new FactoryError('DIGEST_MISMATCH', `the layout ${directory} is not whole: ${digest}: ${problem}`, {
    remedy: 'Build it again.',
  });
}
