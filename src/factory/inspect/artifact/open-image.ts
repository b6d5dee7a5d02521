import { mkdir, mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { type LocalImage, openLocalImage } from '../../../common/oci/layers/local-image.ts';
import { labelsOf } from '../../../common/oci/registry/image-manifest.ts';
import { formatImageReference } from '../../../common/oci/registry/image-reference.ts';
import { parsePlatform } from '../../../common/oci/registry/platform.ts';
import { registryReader } from '../../../common/oci/registry/registry-reader.ts';
import type { BaseReference } from '../../config/base-reference.ts';
import { readyArch } from '../../inputs/base/check-arch.ts';
import { daemonImage, namedDaemon } from '../../inputs/base/daemon-image.ts';
import { atPlaces } from '../../inputs/base/resolve-image.ts';
import { readLayersRoot } from '../root/read-layers.ts';
import type { RootSelection, RootView } from '../root/root-view.ts';
import type { InspectContext } from './inspect-context.ts';
import type { ImageDetails, SignatureFacts } from './inspection.ts';
import { registrySignatures } from './registry-signatures.ts';

/** References to images. */
export type ImageReferenceText = Exclude<BaseReference, { kind: 'bootstrap' | 'dir' | 'tar' }>;

/** An image, whose layers are read on request. */
export interface OpenedImage {
  readonly image: ImageDetails;
  readonly signatures: readonly SignatureFacts[];
  /** Reads its root; absent when its content is not to be fetched. */
  readonly root?: (selection: RootSelection) => Promise<RootView>;
}

const SILENT = () => undefined;

/**
 * Opens an image, wherever it is.
 * @throws FactoryError `usage` when it does not exist, `verification` when it is corrupt, `step` when a registry or the daemon
 *   cannot be read
 */
export async function openImage(
  reference: ImageReferenceText,
  context: InspectContext,
): Promise<OpenedImage> {
  const arch = context.arch ?? (await readyArch(reference));
  const directory = await mkdtemp(join(context.scratch, 'image-'));
  const local = async (path: string, tag?: string) => {
    const platform = { os: 'linux', architecture: arch };
    return openLocalImage(path, { platform, unpacked: join(directory, 'archive.tar'), tag });
  };
  switch (reference.kind) {
    case 'docker': {
      const resolved = await resolveImage(reference, arch, context);
      if (!context.content) return resolved;
      const path = join(directory, 'layout');
      await mkdir(path);
      const exact = { ...reference.image, digest: resolved.image.digest };
      await context.images.fetch(exact, arch, { directory: path, say: context.say });
      return { ...resolved, root: rootOf(await local(path), context) };
    }
    case 'docker-daemon': {
      const daemon = await namedDaemon(context.daemon, reference.name);
      const path = join(directory, 'saved.tar');
      await daemon.save(await daemonImage(daemon, reference.name), path);
      return describe(await local(path), 'docker-daemon', context);
    }
    case 'oci':
      return describe(await local(reference.path, reference.tag), 'oci-layout', context);
    default:
      return describe(await local(reference.path), 'archive', context);
  }
}

function describe(local: LocalImage, storage: ImageDetails['storage'], context: InspectContext): OpenedImage {
  const { digest, indexDigest, config, labels, layers } = local;
  const platform = platformOf(config);
  return {
    image: {
      storage,
      digest,
      ...(indexDigest === undefined ? {} : { indexDigest }),
      ...(platform === undefined ? {} : { platform }),
      layers: layers.map(({ size }) => size),
      labels,
    },
    signatures: [],
    root: rootOf(local, context),
  };
}

function rootOf(
  { layers }: LocalImage,
  { scratch, signal }: InspectContext,
): NonNullable<OpenedImage['root']> {
  const openers = layers.map((layer) => () => openLayer(layer, SILENT));
  return (selection) => readLayersRoot(openers, selection, { scratch, signal });
}

async function resolveImage(
  { image }: Extract<ImageReferenceText, { kind: 'docker' }>,
  arch: string,
  { access, say }: InspectContext,
): Promise<OpenedImage> {
  return atPlaces({ access, image, warn: say }, async ({ registry }) => {
    const resolved = await registry.resolveManifest(parsePlatform(arch));
    const { digest, indexDigest, manifest, config } = resolved;
    const reader = registryReader(registry);
    const digests = [digest, ...(indexDigest === undefined ? [] : [indexDigest])];
    const signatures = await Promise.all(digests.map((each) => registrySignatures(reader, each)));
    if (image.digest === undefined) say(`${formatImageReference(image)} is ${indexDigest ?? digest}`);
    const platform = platformOf(config);
    return {
      image: {
        storage: 'registry',
        digest,
        ...(indexDigest === undefined ? {} : { indexDigest }),
        ...(platform === undefined ? {} : { platform }),
        layers: manifest.layers.map(({ size }) => size),
        labels: labelsOf(config, manifest),
      },
      signatures: signatures.flat(),
    };
  });
}

function platformOf({ os = 'linux', architecture, variant }: LocalImage['config']): string | undefined {
  if (architecture === undefined) return undefined;
  return [os, architecture, ...(variant === undefined ? [] : [variant])].join('/');
}
