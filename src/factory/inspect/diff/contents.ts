import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { applyLayers } from '../../../common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import { layerHost } from '../../engine/docker/unpack-saved.ts';
import { readyArch } from '../../inputs/base/check-arch.ts';
import { daemonImage, namedDaemon } from '../../inputs/base/daemon-image.ts';
import { unpackRoot } from '../../tools/tar.ts';
import { openArtifact } from './open-artifact.ts';
import type { Subject } from './subject.ts';
import { type ContentsContext, completeTree, ROOTFS, type UnpackedTree } from './unpacked-tree.ts';

/** The unpacked content of a subject. */
export interface Contents {
  /** Its trees by name, such as `rootfs`, `iso` or `partition state`. */
  readonly trees: ReadonlyMap<string, UnpackedTree>;
  /** The configuration of an image. */
  readonly config?: unknown;
  /** The digest of an image's manifest. */
  readonly digest?: string;
}

/**
 * Unpacks a subject, including packed filesystems inside it.
 * @throws FactoryError `step` when a tool fails, `verification` when an image is corrupt
 */
export async function openContents(subject: Subject, context: ContentsContext): Promise<Contents> {
  switch (subject.kind) {
    case 'image':
      return openImage(subject.reference, context);
    case 'root':
      return { trees: new Map([[ROOTFS, completeTree(await openRoot(subject, context))]]) };
    case 'squashfs':
    case 'iso':
    case 'raw':
    case 'qcow2':
    case 'vmdk':
      return { trees: await openArtifact(subject.kind, subject.path, context) };
    default:
      return { trees: new Map() };
  }
}

/**
 * Returns the digest of an image's manifest, if it is known without unpacking.
 * @throws FactoryError as {@link openContents} does
 */
export async function imageDigest(
  reference: Extract<Subject, { kind: 'image' }>['reference'],
  { images, arch, scratch }: ContentsContext,
): Promise<string | undefined> {
  if (reference.kind !== 'docker' && reference.kind !== 'oci') return undefined;
  const architecture = arch ?? (await readyArch(reference));
  if (reference.kind === 'docker') return (await images.pin(reference.image, architecture)).manifest;
  const unpacked = join(await scratch('image'), 'archive.tar');
  const platform = { os: 'linux', architecture };
  return (await openLocalImage(reference.path, { platform, unpacked, tag: reference.tag })).digest;
}

async function openImage(
  reference: Extract<Subject, { kind: 'image' }>['reference'],
  { runner, images, daemon, arch, scratch, signal }: ContentsContext,
): Promise<Contents> {
  const directory = await scratch('image');
  const architecture = arch ?? (await readyArch(reference));
  let path: string;
  let tag: string | undefined;
  if (reference.kind === 'docker') {
    path = join(directory, 'layout');
    await mkdir(path);
    await images.fetch(reference.image, architecture, { directory: path, say: () => undefined });
  } else if (reference.kind === 'docker-daemon') {
    path = join(directory, 'saved.tar');
    const found = await namedDaemon(daemon, reference.name);
    await found.save(await daemonImage(found, reference.name), path);
  } else {
    path = reference.path;
    tag = reference.kind === 'oci' ? reference.tag : undefined;
  }
  const unpacked = join(directory, 'archive.tar');
  const image = await openLocalImage(path, { platform: { os: 'linux', architecture }, unpacked, tag });
  const root = join(directory, 'root');
  await mkdir(root);
  await applyLayers(layerHost(runner), image.layers, { target: root, signal });
  return { trees: new Map([[ROOTFS, completeTree(root)]]), config: image.config, digest: image.digest };
}

async function openRoot(
  { path, isTar }: Extract<Subject, { kind: 'root' }>,
  { runner, scratch }: ContentsContext,
): Promise<string> {
  if (!isTar) return path;
  const directory = await scratch('root');
  await unpackRoot(runner, path, directory);
  return directory;
}
