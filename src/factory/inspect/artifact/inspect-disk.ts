import { LABEL } from '../../../common/contract/labels.ts';
import { GRUB_FILE, SLOT_FILE } from '../../../common/contract/partition-files.ts';
import type { ByteView } from '../../media/byte-view.ts';
import { corruptArtifact } from '../../media/corrupt-artifact.ts';
import type { Filesystem } from '../../media/filesystem.ts';
import { openFilesystem } from '../../media/open-filesystem.ts';
import type { PartitionTable } from '../../media/partition-table.ts';
import { findNode, walkFilesystem } from '../../media/walk-filesystem.ts';
import { grubMenu, type MenuEntry } from '../grub/grub-menu.ts';
import { readFilesystemRoot } from '../root/read-filesystem.ts';
import { bootPrograms } from './boot-programs.ts';
import { describeSystem } from './describe-system.ts';
import { filesystemFacts, messageFor, openPartitions } from './disk-parts.ts';
import type { InspectContext } from './inspect-context.ts';
import type { Inspection, SlotFacts } from './inspection.ts';
import { menuFiles } from './menu-files.ts';
import { SYSTEM_FILES } from './system-selection.ts';

/** The images of slots: on which partition, and at which path (docs/contract.md 1.4). */
const SLOTS: readonly (readonly [SlotFacts['name'], string, string])[] = [
  ['active', LABEL.state, SLOT_FILE.active],
  ['passive', LABEL.state, SLOT_FILE.passive],
  ['recovery', LABEL.recovery, SLOT_FILE.recoverySquashfs],
  ['recovery', LABEL.recovery, SLOT_FILE.recovery],
];

/** The part of a report about the content of a disk. */
type DiskPart = Pick<
  Inspection,
  'type' | 'virtualSize' | 'diskGuid' | 'partitions' | 'bootPrograms' | 'menu' | 'slots' | 'configs'
>;

/**
 * Reads a disk with a partition table.
 * @param note receives what cannot be read
 * @throws FactoryError `verification` when the disk ends before its partitions do
 */
export async function inspectDisk(
  disk: ByteView,
  { guid, partitions }: PartitionTable,
  {
    agents,
    scratch,
    note,
  }: Pick<InspectContext, 'agents' | 'scratch'> & { readonly note: (text: string) => void },
): Promise<DiskPart> {
  const end = Math.max(0, ...partitions.map(({ start, size }) => start + size));
  if (end > disk.size)
    throw corruptArtifact(disk.name, `it has ${disk.size} bytes, and its partitions ${end}: it is cut short`);
  const opened = await openPartitions(disk, partitions, note);
  const filesystems = new Map<string, Filesystem>();
  for (const { filesystem } of opened)
    if (filesystem !== undefined && filesystem.label !== '') filesystems.set(filesystem.label, filesystem);
  const systems = new Map<string, string>();
  const slots: SlotFacts[] = [];
  for (const [name, partition, file] of SLOTS) {
    const place = filesystems.get(partition);
    try {
      const node = place && (await findNode(place, file));
      if (!place || node?.kind !== 'file' || slots.some((slot) => slot.name === name)) continue;
      const found = await openFilesystem(await place.open(node));
      if (found === undefined || 'type' in found) {
        note(`${file} on ${partition} has no filesystem that can be read`);
        continue;
      }
      const view = await readFilesystemRoot(found.readable, SYSTEM_FILES, scratch);
      systems.set(`${partition}!${file}`, view.directory);
      const system = await describeSystem(view, agents);
      const filesystem = filesystemFacts(found.readable);
      slots.push({ name, partition, file, size: node.size, filesystem, system });
    } catch (error) {
      note(`${file} on ${partition}: ${messageFor(error)}`);
    }
  }
  const esp = opened.find(({ filesystem }) => filesystem?.type === 'vfat')?.filesystem;
  return {
    type: 'disk',
    virtualSize: disk.size,
    diskGuid: guid,
    partitions: opened.map(({ facts }) => facts),
    slots,
    ...(esp === undefined ? {} : { bootPrograms: await bootPrograms(esp).catch(noted(note, [])) }),
    menu: await diskMenu(filesystems, systems).catch(noted(note, [])),
    configs: await configsOn(filesystems.get(LABEL.oem)).catch(noted(note, [])),
  };
}

async function diskMenu(
  filesystems: ReadonlyMap<string, Filesystem>,
  systems: ReadonlyMap<string, string>,
): Promise<MenuEntry[]> {
  const files = menuFiles({ filesystems, systems });
  const script = await files.read(LABEL.state, GRUB_FILE.menu);
  return script === undefined ? [] : grubMenu(script.toString('utf8'), LABEL.state, files);
}

async function configsOn(oem: Filesystem | undefined): Promise<string[]> {
  const found: string[] = [];
  if (oem === undefined) return found;
  for await (const { path, node } of walkFilesystem(oem))
    if (node.kind === 'file' && /\.ya?ml$/.test(path)) found.push(`/oem/${path}`);
  return found;
}

/** Turns an expected error into a note and a value. */
export function noted<T>(note: (text: string) => void, value: T): (error: unknown) => T {
  return (error) => {
    note(messageFor(error));
    return value;
  };
}
