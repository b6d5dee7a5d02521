import type { ByteView } from '../../media/byte-view.ts';
import { bootPlatforms } from '../../media/el-torito.ts';
import { isFat, openFat } from '../../media/fat.ts';
import type { Filesystem } from '../../media/filesystem.ts';
import { openIso } from '../../media/iso9660.ts';
import { openFilesystem } from '../../media/open-filesystem.ts';
import { readPartitionTable } from '../../media/partition-table.ts';
import { findNode } from '../../media/walk-filesystem.ts';
import { grubMenu, type MenuEntry } from '../grub/grub-menu.ts';
import { readFilesystemRoot } from '../root/read-filesystem.ts';
import { bootPrograms } from './boot-programs.ts';
import { describeSystem } from './describe-system.ts';
import { filesystemFacts, openPartitions } from './disk-parts.ts';
import type { InspectContext } from './inspect-context.ts';
import { noted } from './inspect-disk.ts';
import type { BootProgram, Inspection } from './inspection.ts';
import { menuFiles } from './menu-files.ts';
import { SYSTEM_FILES } from './system-selection.ts';

/** Paths on live media (docs/contract.md 3.1). */
const ROOT = 'rootfs.squashfs';
const MENU = 'boot/grub2/grub.cfg';
const ESP = 'boot/uefi.img';

/** Reads a live medium. @param note receives what cannot be read */
export async function inspectIso(
  view: ByteView,
  {
    agents,
    scratch,
    note,
  }: Pick<InspectContext, 'agents' | 'scratch'> & { readonly note: (text: string) => void },
): Promise<
  Pick<
    Inspection,
    | 'type'
    | 'filesystem'
    | 'diskGuid'
    | 'partitions'
    | 'boots'
    | 'bootPrograms'
    | 'menu'
    | 'system'
    | 'configs'
  >
> {
  const iso = await openIso(view);
  const table = await readPartitionTable(view).catch(noted(note, undefined));
  const partitions = table && (await openPartitions(view, table.partitions, note));
  const system = await systemOn(iso, { agents, scratch, note }).catch(noted(note, undefined));
  return {
    type: 'iso',
    filesystem: filesystemFacts(iso),
    ...(table === undefined ? {} : { diskGuid: table.guid }),
    ...(partitions === undefined ? {} : { partitions: partitions.map(({ facts }) => facts) }),
    boots: await bootPlatforms(view),
    bootPrograms: await programsOn(iso).catch(noted(note, [])),
    menu: await menuOn(iso).catch(noted(note, [])),
    ...(system === undefined ? {} : { system }),
    configs: (await iso.children(iso.root))
      .filter(({ name, kind }) => kind === 'file' && /\.ya?ml$/.test(name))
      .map(({ name }) => `/${name}`),
  };
}

async function systemOn(
  iso: Filesystem,
  {
    agents,
    scratch,
    note,
  }: Pick<InspectContext, 'agents' | 'scratch'> & { readonly note: (text: string) => void },
): Promise<Inspection['system']> {
  const node = await findNode(iso, ROOT);
  const found = node && (await openFilesystem(await iso.open(node)));
  if (found !== undefined && 'readable' in found)
    return describeSystem(await readFilesystemRoot(found.readable, SYSTEM_FILES, scratch), agents);
  note(`it has no /${ROOT} that can be read`);
  return undefined;
}

async function programsOn(iso: Filesystem): Promise<BootProgram[]> {
  const node = await findNode(iso, ESP);
  if (node === undefined) return [];
  const image = await iso.open(node);
  return isFat(await image.read(0, Math.min(512, image.size))) ? bootPrograms(await openFat(image)) : [];
}

async function menuOn(iso: Filesystem): Promise<MenuEntry[]> {
  const files = menuFiles({ filesystems: new Map([[iso.label, iso]]), systems: new Map() });
  const script = await files.read(iso.label, MENU);
  return script === undefined ? [] : grubMenu(script.toString('utf8'), iso.label, files);
}
