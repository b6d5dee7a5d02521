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
 * Parses what `--from` and `--above` take.
 * @throws FactoryError `usage` when it has none of the known forms
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

/** What filling a tree leaves to be told. */
export interface FilledTree {
  /** Paths that the layers remove from the image below them. */
  readonly removed: readonly string[];
}

/**
 * Unpacks the content of an extension into an empty directory: of an image its last layer, or all above those of `above`.
 * Owners, modes, extended attributes and hard links stay. What could reach outside of the directory is refused.
 * @throws FactoryError `usage` when a source leads nowhere, `verification` when it is hostile, corrupt, or not built on `above`
 */
export async function fillTree(
  tree: string,
  { source, above }: { readonly source: ExtensionSource; readonly above: ExtensionSource | undefined },
  context: ImageContext & { readonly runner: Runner },
): Promise<FilledTree> {
  const { host, signal, runner } = context;
  if (above !== undefined && !(isLayered(source) && isLayered(above))) {
    throw new FactoryError('SOURCE_UNSUITABLE', 'only an image has layers above those of another image', {
      remedy: 'Give images to --from and --above.',
    });
  }
  if (source.kind === 'dir') {
    await needed(source.path, 'directory');
    const stream = new PassThrough({ highWaterMark: 1024 * 1024 });
    const packing = packDirectory(runner, source.path, stream).catch((error: Error) => {
      stream.destroy(error);
      throw error;
    });
    await settleAll([packing, overlayTar(host, stream, tree, signal)]);
    return { removed: [] };
  }
  if (source.kind === 'tar') {
    const size = await needed(source.path, 'file');
    const opened = await openLayer({ file: source.path, start: 0, size }, () => undefined);
    try {
      await overlayTar(host, opened.tar, tree, signal);
    } finally {
      opened.close();
    }
    return { removed: [] };
  }
  const image = await openImage(source, await ownScratch(context, 'image'));
  const first =
    above === undefined
      ? image.layerIds.length - 1
      : await sharedLayers(image, above as LayeredImage, context);
  const layers = await image.layersFrom(first);
  if (layers.length === 0 || first < 0) {
    throw new FactoryError('SOURCE_UNSUITABLE', `${image.name} adds no layer`, {
      remedy: 'Give an image that has one more.',
    });
  }
  const removed: string[] = [];
  const missing = (path: string) => void removed.push(Buffer.from(path, 'latin1').toString());
  await applyLayers(host, layers, tree, { signal, missing });
  return { removed };
}

/** How many layers an image has in common with the one that it is built on. */
async function sharedLayers(
  image: { readonly name: string; readonly layerIds: readonly string[] },
  above: LayeredImage,
  context: ImageContext,
): Promise<number> {
  const base = await openImage(above, await ownScratch(context, 'above'));
  if (base.layerIds.every((id, index) => image.layerIds[index] === id)) return base.layerIds.length;
  throw new FactoryError('EXTENSION_CONTENT_REFUSED', `${image.name} is not built on ${base.name}`, {
    details: [`its layers: ${image.layerIds.join(' ')}`, `those of the other: ${base.layerIds.join(' ')}`],
    remedy: 'Give the very image that it was built from to --above.',
  });
}

async function ownScratch(context: ImageContext, name: string): Promise<ImageContext> {
  const scratch = join(context.scratch, name);
  await mkdir(scratch);
  return { ...context, scratch };
}

/** @returns bytes of a file */
async function needed(path: string, kind: 'directory' | 'file'): Promise<number> {
  const stats = await stat(path).catch(() => undefined);
  if (stats !== undefined && (kind === 'directory' ? stats.isDirectory() : stats.isFile())) return stats.size;
  throw new FactoryError('FILE_NOT_FOUND', `there is no ${kind} ${path}`, { remedy: 'Check the path.' });
}
