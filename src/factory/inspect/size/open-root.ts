import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { LABEL } from '../../../common/contract/labels.ts';
import { SLOT_FILE } from '../../../common/contract/partition-files.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { openLayer } from '../../../common/oci/layers/layer-stream.ts';
import { type ByteView, openFileView, partOf } from '../../media/byte-view.ts';
import type { Filesystem } from '../../media/filesystem.ts';
import { openIso } from '../../media/iso9660.ts';
import { openDisk } from '../../media/open-disk.ts';
import { openFilesystem } from '../../media/open-filesystem.ts';
import { readPartitionTable } from '../../media/partition-table.ts';
import { findNode } from '../../media/walk-filesystem.ts';
import { buildListing, releaseListing } from '../artifact/folder-listing.ts';
import { headOf, identify, isTar } from '../artifact/identify.ts';
import type { InspectContext } from '../artifact/inspect-context.ts';
import { type ImageReferenceText, openImage } from '../artifact/open-image.ts';
import { archiveIn } from '../artifact/read-archive.ts';
import { systemMember } from '../artifact/system-member.ts';
import { unreadFormat } from '../artifact/unread-format.ts';
import { readDirectoryRoot } from '../root/read-directory.ts';
import { readFilesystemRoot } from '../root/read-filesystem.ts';
import { readLayersRoot } from '../root/read-layers.ts';
import type { RootView } from '../root/root-view.ts';
import { SIZE_FILES } from './size-selection.ts';

/** The root of a system, and what it was read from. */
export interface OpenedRoot {
  readonly root: RootView;
  /** Bytes of the file, or of the layers of an image as they are stored; absent for a directory. */
  readonly stored?: number;
  /** The artifact that was read, of a folder with several. */
  readonly artifact?: string;
}

/** Where a system is on a disk, the one that is booted first. */
const SLOTS = [
  [LABEL.state, SLOT_FILE.active],
  [LABEL.recovery, SLOT_FILE.recoverySquashfs],
  [LABEL.recovery, SLOT_FILE.recovery],
] as const;

/**
 * Reads the root of an artifact, image, folder or directory, wherever it is in it.
 * @throws FactoryError `usage` when there is none, `verification` when it is broken, and as `openImage` does
 */
export async function openRoot(text: string, context: InspectContext): Promise<OpenedRoot> {
  const named = await identify(text);
  switch (named.kind) {
    case 'image':
      return imageRoot(named.reference, context);
    case 'oci':
      return imageRoot({ kind: 'oci', path: named.path, tag: undefined }, context);
    case 'root':
      return { root: await readDirectoryRoot(named.path, SIZE_FILES) };
    case 'file':
      return fileRoot(named.path, text, context);
    default: {
      const members = await (named.kind === 'release'
        ? releaseListing(named.path)
        : buildListing(named.path));
      const artifact = systemMember(members);
      if (artifact === undefined) throw noRoot(text);
      return { ...(await openRoot(join(named.path, artifact), context)), artifact };
    }
  }
}

async function imageRoot(reference: ImageReferenceText, context: InspectContext): Promise<OpenedRoot> {
  const { image, root } = await openImage(reference, { ...context, content: true });
  const stored = image.layers.reduce((sum, size) => sum + size, 0);
  if (root === undefined) throw noRoot(image.digest);
  return { root: await root(SIZE_FILES), stored };
}

async function fileRoot(path: string, name: string, context: InspectContext): Promise<OpenedRoot> {
  const head = await headOf(path);
  const { size: stored } = await stat(path);
  if (isTar(head, path)) {
    const { archive, path: plain } = await archiveIn(path, head, context);
    if (archive === 'image') return imageRoot({ kind: 'docker-archive', path: plain }, context);
    const { size } = await stat(plain);
    const open = () => openLayer({ file: plain, start: 0, size }, () => undefined);
    return { root: await readLayersRoot([open], SIZE_FILES, context), stored };
  }
  await using file = await openFileView(path, name);
  const { disk } = await openDisk(file, head);
  const filesystem = (await isoSystem(disk)) ?? (await diskSystem(disk)) ?? (await readable(disk));
  if (filesystem === undefined) throw unreadFormat(head, name) ?? noRoot(name);
  return { root: await readFilesystemRoot(filesystem, SIZE_FILES, context.scratch), stored };
}

async function isoSystem(view: ByteView): Promise<Filesystem | undefined> {
  if (view.size < 32774 || (await view.read(32769, 5)).toString('latin1') !== 'CD001') return undefined;
  const iso = await openIso(view);
  const node = await findNode(iso, 'rootfs.squashfs');
  return node && readable(await iso.open(node));
}

async function diskSystem(disk: ByteView): Promise<Filesystem | undefined> {
  const table = await readPartitionTable(disk);
  const partitions = new Map<string, Filesystem>();
  for (const { name, start, size } of table?.partitions ?? []) {
    const found = await readable(partOf(disk, { name: `partition ${name}`, start, size }));
    if (found !== undefined) partitions.set(found.label, found);
  }
  for (const [label, path] of SLOTS) {
    const partition = partitions.get(label);
    const node = partition && (await findNode(partition, path));
    if (partition && node?.kind === 'file') return readable(await partition.open(node));
  }
  return undefined;
}

async function readable(view: ByteView): Promise<Filesystem | undefined> {
  const found = await openFilesystem(view);
  return found !== undefined && 'readable' in found ? found.readable : undefined;
}

function noRoot(name: string): FactoryError {
  return new FactoryError('SOURCE_UNSUITABLE', `${name} has no root filesystem that can be measured`, {
    remedy: 'Give an artifact of a build, an image, or a directory with a root filesystem.',
  });
}
