import { statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { checkConformance } from '../../common/contract/conformance.ts';
import { extOptions } from '../../common/contract/filesystems.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { MIB } from '../../common/contract/partitions.ts';
import { DEFAULT_SLOT_MIB, SLOT_MARGIN_MIB, slotImageSize } from '../../common/contract/slot-size.ts';
import { SYSTEM_DIRECTORIES } from '../../common/contract/system-layout.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { measureTree } from '../../common/files/walk-tree.ts';
import type { Host } from '../../common/host/host.ts';
import { deploySource, sourceSize } from '../../common/oci/layers/deploy-source.ts';
import { formatSource, type Source } from '../../common/oci/layers/source.ts';
import type { AdmittedSource } from '../trust/admit-source.ts';
import { MOUNT_ROOT, mount } from './mounts.ts';
import type { Progress } from './progress.ts';
import { noteOrigin, type OriginFacts } from './slot-origin.ts';

/** How to create the image file of a slot. */
export interface SlotOptions {
  readonly source: AdmittedSource;
  /** The image file; it exists only once it is complete. */
  readonly file: string;
  /** Filesystem label (docs/contract.md 1.4). */
  readonly label: string;
  /** Download directory; it stays after a failure, so that the next attempt resumes. */
  readonly staging: string;
  /** Requested size in MiB; raised to the size that the source needs. */
  readonly mib?: number;
  /** Patterns to exclude from a directory source. */
  readonly exclude?: readonly string[];
  /** Additional directories to create in the image (docs/contract.md 1.5). */
  readonly extraDirectories?: readonly string[];
  readonly insecure?: boolean;
  /** Noted in the system; the source is added. */
  readonly origin: OriginFacts;
  readonly progress: Progress;
}

/** The roots of running systems, which a copy is the same as. */
const SYSTEM_ROOTS: readonly string[] = ['/', NODE_PATH.liveRoot];
const SLOT_MOUNT = `${MOUNT_ROOT}/slot`;
/** Bytes per inode: images with many small files exhaust the default number of inodes. */
const BYTES_PER_INODE = 8192;

/** The size of a slot's image file. */
export interface SlotSize {
  /** Size of the image file in MiB; the file is sparse. */
  readonly mib: number;
  /** Estimated size of its content in MiB. */
  readonly content: number;
  /** What is read or downloaded of the source, in MiB. */
  readonly compressed: number;
  /** The version that an image states. */
  readonly version?: string;
}

/** The size of the image file for a source, at least the requested `mib` (docs/contract.md 1.3). */
export async function slotSize(
  host: Host,
  source: Source,
  { mib: wanted = 0, insecure = false }: Pick<SlotOptions, 'mib' | 'insecure'>,
): Promise<SlotSize> {
  if (source.kind === 'dir' && !isLiveRoot(source)) {
    const tree = measureTree(host.resolve(source.path));
    const content = Math.ceil(tree.bytes / MIB);
    return { mib: Math.max(wanted, slotImageSize(tree).mib), content, compressed: content };
  }
  const { bytes, exact, compressed, version } = await sourceSize(host, source, { insecure });
  const content = Math.ceil(bytes / MIB);
  const mib = exact ? content + SLOT_MARGIN_MIB : Math.max(content + SLOT_MARGIN_MIB, DEFAULT_SLOT_MIB);
  return {
    mib: Math.max(wanted, mib),
    content,
    compressed: Math.ceil(compressed / MIB),
    ...(version === undefined ? {} : { version }),
  };
}

/**
 * Creates the image file of a slot from a source and checks it: an ext2 filesystem (docs/contract.md 5.3, 5.4).
 * @throws FactoryError `step` when space is insufficient, `verification` when the content is not an OS
 */
export async function makeSlot(host: Host, options: SlotOptions): Promise<void> {
  const { source, file, label } = options;
  await host.remove(file);
  try {
    if (source.kind === 'file') {
      await copyImage(host, { source: source.path, file, label });
      await using image = await mount(host, file, { path: SLOT_MOUNT, options: ['loop'] });
      await note(host, image.path, options);
      await checkTree(host, image.path);
    } else await fillImage(host, options);
    await checkFilesystem(host, file);
    await host.sync(file);
    await host.sync(dirname(file));
  } catch (error) {
    await host.remove(file);
    throw error;
  }
  // Only after success: after a failure, the next attempt resumes from this directory.
  await host.remove(options.staging);
}

async function fillImage(host: Host, options: SlotOptions): Promise<void> {
  const { source, file, label } = options;
  const { mib, content } = await slotSize(host, source, options);
  await needSpace(host, dirname(file), content);
  await host.makeDirectory(dirname(file));
  await host.run('truncate', ['-s', `${mib}M`, file]);
  const format = [...extOptions('ext2', label), '-m', '0', '-i', String(BYTES_PER_INODE)];
  const whole = source.kind === 'dir' && !isLiveRoot(source) && !options.exclude?.length;
  // mke2fs copies a tree that does not change, with links, capabilities and attributes.
  if (whole) format.push('-d', source.path);
  await host.run('mke2fs', [...format, file]);

  await using image = await mount(host, file, { path: SLOT_MOUNT, options: ['loop'] });
  let digest: string | undefined;
  if (!whole) {
    ({ digest } = await deploySource(host, source, {
      target: image.path,
      staging: options.staging,
      exclude: options.exclude ?? [],
      insecure: options.insecure ?? false,
      progress: options.progress.bytes,
    }));
  }
  for (const directory of [...SYSTEM_DIRECTORIES, ...(options.extraDirectories ?? [])]) {
    await host.makeDirectory(`${image.path}${directory.startsWith('/') ? '' : '/'}${directory}`);
  }
  await note(host, image.path, { ...options, digest });
  await checkTree(host, image.path);
}

/** Notes the origin of a system in it. `digest` is that of an unpacked image. */
async function note(
  host: Host,
  root: string,
  { source, origin, digest }: SlotOptions & { readonly digest?: string | undefined },
): Promise<void> {
  await noteOrigin(host, root, {
    ...origin,
    source: formatSource(source),
    digest,
    isCopy: source.kind === 'file' || (source.kind === 'dir' && SYSTEM_ROOTS.includes(source.path)),
  });
}

/** The running root contains other mounts, which a copy has to leave out. */
function isLiveRoot(source: Source): boolean {
  return source.kind === 'dir' && source.path === '/';
}

/** @throws FactoryError `verification` that lists everything the OS lacks (docs/contract.md 6.9) */
async function checkTree(host: Host, root: string): Promise<void> {
  const findings = await checkConformance(host.resolve(root));
  const failed = findings.filter(({ passed, required }) => required && !passed);
  if (failed.length === 0) return;
  throw new FactoryError('IMAGE_NOT_OS', 'the image is not an OS that this machine can boot', {
    details: failed.map(({ check, text }) => `${check}: ${text}`),
    remedy: 'Use an image built by kairos-factory, or check it with "kairos-factory check".',
  });
}

async function checkFilesystem(host: Host, file: string): Promise<void> {
  const { status, stdout, stderr } = await host.run('e2fsck', ['-f', '-n', file], { allowFailure: true });
  if (status === 0) return;
  throw new FactoryError('FILESYSTEM_CORRUPT', `the filesystem of ${file} has errors`, {
    details: `${stdout}\n${stderr}`.split('\n').filter(Boolean).slice(-10),
    remedy: 'Check "dmesg" for disk errors.',
  });
}

/** How to copy an image file. */
export interface CopyOptions {
  readonly source: string;
  readonly file: string;
  /** Filesystem label of the copy. */
  readonly label: string;
}

/**
 * Copies an image file, preserving holes, and changes its label.
 * @throws FactoryError `usage` when the source does not exist, `step` when space is insufficient
 */
export async function copyImage(host: Host, { source, file, label }: CopyOptions): Promise<void> {
  const size = (await host.stat(source))?.size;
  if (size === undefined)
    throw new FactoryError('IMAGE_NOT_FOUND', `the image file ${source} does not exist`);
  await needSpace(host, dirname(file), size / MIB);
  await host.makeDirectory(dirname(file));
  await host.run('cp', ['--sparse=always', '--reflink=auto', source, file]);
  await host.run('tune2fs', ['-L', label, file]);
  await host.sync(file);
}

/** The free space of a filesystem in MiB. */
export async function freeMib(host: Host, directory: string): Promise<number> {
  const { bavail, bsize } = await statfs(host.resolve(directory));
  return Math.floor((bavail * bsize) / MIB);
}

/** @throws FactoryError `step` when a filesystem has less than `mib` MiB free */
async function needSpace(host: Host, directory: string, mib: number): Promise<void> {
  await host.makeDirectory(directory);
  const free = await freeMib(host, directory);
  if (free >= mib) return;
  throw new FactoryError(
    'DISK_FULL',
    `${directory} has ${free} MiB free, but the image needs ${Math.ceil(mib)} MiB`,
    {
      remedy: 'Use a smaller image, or reinstall with larger partitions (install.partitions).',
    },
  );
}
