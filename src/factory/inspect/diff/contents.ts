import { mkdir, open, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import { applyLayers } from '../../../common/oci/layers/apply-layers.ts';
import { openLocalImage } from '../../../common/oci/layers/local-image.ts';
import type { DockerDaemon } from '../../engine/docker/daemon.ts';
import { layerHost } from '../../engine/docker/unpack-saved.ts';
import { readyArch } from '../../inputs/base/check-arch.ts';
import type { ImageSource } from '../../inputs/base/image-source.ts';
import { daemonImage } from '../../inputs/base/import-base.ts';
import { dumpExt } from '../../tools/debugfs.ts';
import { extractFat } from '../../tools/fat.ts';
import { convertToRaw } from '../../tools/qemu-img.ts';
import type { Runner } from '../../tools/runner.ts';
import { unpackRoot } from '../../tools/tar.ts';
import { unsquashfs } from '../../tools/unsquashfs.ts';
import { extractIso } from '../../tools/xorriso.ts';
import { readPartitions } from './partition-table.ts';
import type { Subject } from './subject.ts';

/** What looking into something may use. */
export interface ContentsContext {
  readonly runner: Runner;
  readonly images: ImageSource;
  /** The Docker daemon, for references to its images. */
  readonly daemon: () => Promise<DockerDaemon>;
  /** Of images in registries that are for several; that of this machine when absent. */
  readonly arch: string | undefined;
  /** Makes an empty directory that is gone afterwards. */
  readonly scratch: (name: string) => Promise<string>;
  readonly signal: AbortSignal;
}

/** The name of the tree that an operating system consists of, wherever it is. */
export const ROOTFS = 'rootfs';

/** A directory with the files of something. */
export interface UnpackedTree {
  readonly directory: string;
  /**
   * Whether it lacks what debugfs does not copy out of an ext filesystem: extended attributes, hard links, times of
   * symbolic links and of the root.
   */
  readonly isPartial: boolean;
}

/** What is inside of something. */
export interface Contents {
  /** Its files, by what they are: `rootfs`, `iso`, `partition state`. */
  readonly trees: ReadonlyMap<string, UnpackedTree>;
  /** Of an image: its configuration, and the digest of its manifest. */
  readonly config?: unknown;
  readonly digest?: string;
}

/** Files of artifacts that hold the system, by the tree that they stand in, best first. */
const SYSTEM_FILES: Readonly<Record<string, string>> = {
  iso: 'rootfs.squashfs',
  'partition state': SLOT_FILE.active,
};

/**
 * Unpacks something, what is packed in it too.
 * @throws FactoryError `step` when a tool fails, `verification` when an image is corrupt
 */
export async function openContents(subject: Subject, context: ContentsContext): Promise<Contents> {
  switch (subject.kind) {
    case 'image':
      return openImage(subject.reference, context);
    case 'root':
      return { trees: new Map([[ROOTFS, exact(await openRoot(subject, context))]]) };
    case 'squashfs':
    case 'iso':
    case 'raw':
    case 'qcow2':
      return { trees: await openArtifact(subject.kind, subject.path, context) };
    default:
      return { trees: new Map() };
  }
}

/** The digest of an image's manifest, where it can be told without unpacking. */
export async function imageDigest(
  reference: Extract<Subject, { kind: 'image' }>['reference'],
  { images, arch, scratch }: ContentsContext,
): Promise<string | undefined> {
  const architecture = arch ?? (await readyArch(reference));
  if (reference.kind === 'docker') return (await images.pin(reference.image, architecture)).manifest;
  if (reference.kind !== 'oci') return undefined;
  const unpacked = join(await scratch('image'), 'archive.tar');
  const platform = { os: 'linux', architecture };
  return (await openLocalImage(reference.path, platform, unpacked, reference.tag)).digest;
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
    await images.fetch(reference.image, architecture, path, () => undefined);
  } else if (reference.kind === 'docker-daemon') {
    path = join(directory, 'saved.tar');
    const found = await daemon();
    await found.save(await daemonImage(found, reference.name), path);
  } else {
    path = reference.path;
    tag = reference.kind === 'oci' ? reference.tag : undefined;
  }
  const unpacked = join(directory, 'archive.tar');
  const image = await openLocalImage(path, { os: 'linux', architecture }, unpacked, tag);
  const root = join(directory, 'root');
  await mkdir(root);
  await applyLayers(layerHost(runner), image.layers, root, { signal });
  return { trees: new Map([[ROOTFS, exact(root)]]), config: image.config, digest: image.digest };
}

function exact(directory: string): UnpackedTree {
  return { directory, isPartial: false };
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

async function openArtifact(
  kind: 'squashfs' | 'iso' | 'raw' | 'qcow2',
  file: string,
  context: ContentsContext,
): Promise<Map<string, UnpackedTree>> {
  const { runner, scratch } = context;
  const directory = await scratch(kind);
  const trees = new Map<string, UnpackedTree>();
  if (kind === 'squashfs') {
    const tree = join(directory, 'root');
    await unsquashfs(runner, file, tree);
    return trees.set(ROOTFS, exact(tree));
  }
  let disk = file;
  if (kind === 'qcow2') {
    disk = join(directory, 'disk.raw');
    await convertToRaw(runner, file, disk);
  }
  if (kind === 'iso') {
    const tree = join(directory, 'iso');
    await extractIso(runner, file, tree);
    trees.set('iso', exact(tree));
  }
  for (const { name, start, size } of await readPartitions(disk)) {
    const tree = join(directory, `partition-${trees.size}`);
    const found = await openPartition(runner, { disk, start, size }, tree);
    if (found !== undefined) trees.set(`partition ${name}`, { directory: tree, isPartial: found === 'ext' });
  }
  for (const [tree, path] of Object.entries(SYSTEM_FILES)) {
    const system = join(trees.get(tree)?.directory ?? '', path);
    if (!trees.has(tree) || !(await stat(system).catch(() => undefined))?.isFile()) continue;
    const root = join(directory, 'root');
    const isPartial = !path.endsWith('.squashfs');
    if (!isPartial) await unsquashfs(runner, system, root);
    else {
      await mkdir(root);
      await dumpExt(runner, { file: system, offset: 0 }, root);
    }
    trees.set(ROOTFS, { directory: root, isPartial });
  }
  return trees;
}

/** Copies the files of a partition. @returns its filesystem, where that is one that we know */
async function openPartition(
  runner: Runner,
  { disk: file, start, size }: { readonly disk: string; readonly start: number; readonly size: number },
  directory: string,
): Promise<'ext' | 'fat' | undefined> {
  const head = Buffer.alloc(2048);
  await using handle = await open(file);
  if (size >= head.length) await handle.read(head, 0, head.length, start);
  if (isExt(head)) {
    await mkdir(directory);
    await dumpExt(runner, { file, offset: start }, directory);
    return 'ext';
  }
  // FAT12/16 and FAT32 say what they are (Microsoft, "FAT: General Overview of On-Disk Format").
  if (/^FAT1[26]/.test(head.toString('latin1', 54, 62)) || head.toString('latin1', 82, 87) === 'FAT32') {
    await mkdir(directory);
    await extractFat(runner, { file, offset: start }, directory);
    return 'fat';
  }
  return undefined;
}

/** Whether a filesystem that begins with these bytes is ext2, 3 or 4 (kernel documentation, "The Super Block"). */
export function isExt(head: Buffer): boolean {
  return head.length >= 1082 && head.readUInt16LE(1080) === 0xef53;
}
