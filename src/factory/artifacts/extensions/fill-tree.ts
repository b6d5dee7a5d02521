import { mkdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { settleAll } from '../../../common/errors/settle.ts';
import { applyLayers, overlayTar } from '../../../common/oci/layers/apply-layers.ts';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import type { Runner } from '../../tools/runner.ts';
import { packDirectory } from '../../tools/tar.ts';
import { type ImageContext, type LayeredImage, openImage, type RegistryImage } from './open-image.ts';

/** Where the content of an extension comes from. */
export type ExtensionSource = LayeredImage | Extract<BaseReference, { kind: 'dir' | 'tar' }>;

const REGISTRY = 'docker://';

/**
 * Parses the value of `--from` or `--above`.
 * @param directory directory that relative paths are resolved against
 * @throws FactoryError `usage` when it is not a known kind of source
 */
export function parseSource(text: string, directory: string): ExtensionSource {
  if (text.startsWith(REGISTRY)) {
    return { kind: 'registry', name: text.slice(REGISTRY.length) } satisfies RegistryImage;
  }
  const reference = parseBaseReference(text, directory);
  switch (reference.kind) {
    case 'dir':
    case 'tar':
    case 'oci':
    case 'docker-archive':
      return reference;
    default:
      throw new FactoryError('SOURCE_UNSUITABLE', `an extension cannot be made from ${text}`, {
        remedy: 'Use dir:DIR, FILE.tar, oci:DIR, docker-archive:FILE or docker://REGISTRY/NAME:TAG.',
      });
  }
}

/** Whether a source has layers; a directory or a tar has none. */
export function isLayered(source: ExtensionSource): source is LayeredImage {
  return source.kind !== 'dir' && source.kind !== 'tar';
}

/** The result of {@link fillTree}. */
export interface FilledTree {
  /** Paths that the layers remove from the image below them. */
  readonly removed: readonly string[];
}

type FillContext = ImageContext & { readonly runner: Runner };

/**
 * Unpacks the content of an extension into an empty directory: for an image, its last layer or all layers above those of
 * `above`. Preserves owners, modes, extended attributes and hard links. Refuses entries that would reach outside the directory.
 * @throws FactoryError `usage` when a source does not exist, `verification` when it is hostile, corrupt, or not built on
 *   `above`
 */
export async function fillTree(
  tree: string,
  { source, above }: { readonly source: ExtensionSource; readonly above: ExtensionSource | undefined },
  context: FillContext,
): Promise<FilledTree> {
  if (above !== undefined && !(isLayered(source) && isLayered(above))) {
    throw new FactoryError('SOURCE_UNSUITABLE', 'only an image has layers above those of another image', {
      remedy: 'Use images for both --from and --above.',
    });
  }
  if (isLayered(source))
    return applyImage(tree, { source, above: above as LayeredImage | undefined }, context);
  if (source.kind === 'dir') await copyDirectory(tree, source.path, context);
  else await unpackTar(tree, source.path, context);
  return { removed: [] };
}

async function copyDirectory(
  tree: string,
  directory: string,
  { host, signal, runner }: FillContext,
): Promise<void> {
  await sizeOf(directory, 'directory');
  const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
  const packing = packDirectory(runner, directory, stream).catch((error: Error) => {
    stream.destroy(error);
    throw error;
  });
  await settleAll([packing, overlayTar(host, stream, { target: tree, signal })]);
}

async function unpackTar(tree: string, file: string, { host, signal }: FillContext): Promise<void> {
  const size = await sizeOf(file, 'file');
  const opened = await openLayer({ file, start: 0, size }, () => undefined);
  try {
    await overlayTar(host, opened.tar, { target: tree, signal });
  } finally {
    opened.close();
  }
}

async function applyImage(
  tree: string,
  { source, above }: { readonly source: LayeredImage; readonly above: LayeredImage | undefined },
  context: FillContext,
): Promise<FilledTree> {
  const image = await openImage(source, await ownScratch(context, 'image'));
  const first = above === undefined ? image.layerIds.length - 1 : await sharedLayers(image, above, context);
  const layers = await image.layersFrom(first);
  if (layers.length === 0 || first < 0) {
    throw new FactoryError('SOURCE_UNSUITABLE', `${image.name} adds no layer`, {
      remedy: 'Use an image with at least one more layer.',
    });
  }
  const removed: string[] = [];
  const missing = (path: string) => void removed.push(Buffer.from(path, 'latin1').toString());
  await applyLayers(context.host, layers, { target: tree, signal: context.signal, missing });
  return { removed };
}

/** The number of layers that an image shares with the image it is built on. */
async function sharedLayers(
  image: { readonly name: string; readonly layerIds: readonly string[] },
  above: LayeredImage,
  context: ImageContext,
): Promise<number> {
  const base = await openImage(above, await ownScratch(context, 'above'));
  if (base.layerIds.every((id, index) => image.layerIds[index] === id)) return base.layerIds.length;
  throw new FactoryError('EXTENSION_CONTENT_REFUSED', `${image.name} is not built on ${base.name}`, {
    details: [
      `layers of ${image.name}: ${image.layerIds.join(' ')}`,
      `layers of ${base.name}: ${base.layerIds.join(' ')}`,
    ],
    remedy: 'Use the exact image that it was built from for --above.',
  });
}

async function ownScratch(context: ImageContext, name: string): Promise<ImageContext> {
  const scratch = join(context.scratch, name);
  await mkdir(scratch);
  return { ...context, scratch };
}

/** @returns the size in bytes. @throws FactoryError `usage` when there is no such file or directory */
async function sizeOf(path: string, kind: 'directory' | 'file'): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && (kind === 'directory' ? stats.isDirectory() : stats.isFile())) return stats.size;
  throw new FactoryError('FILE_NOT_FOUND', `there is no ${kind} ${path}`, { remedy: 'Check the path.' });
}
