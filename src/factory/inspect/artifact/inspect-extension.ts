import { parseOsRelease } from '../../../common/contract/os-release.ts';
import type { ByteView } from '../../media/byte-view.ts';
import type { PartitionTable } from '../../media/partition-table.ts';
import { readTextInRoot } from '../../packages/read-in-root.ts';
import { readFilesystemRoot } from '../root/read-filesystem.ts';
import type { RootSelection, RootView } from '../root/root-view.ts';
import { openPartitions } from './disk-parts.ts';
import type { InspectContext } from './inspect-context.ts';
import type { Inspection, SignatureFacts } from './inspection.ts';

const RELEASES = /^(usr\/lib|etc)\/extension-release\.d\/extension-release\./;
const ENTERED = new Set([
  '',
  'usr',
  'usr/lib',
  'usr/lib/extension-release.d',
  'etc',
  'etc/extension-release.d',
]);
/** What is read of an extension: its release file. */
export const EXTENSION_FILES: RootSelection = {
  enters: (path) => ENTERED.has(path),
  keeps: (path, size) => size <= 1024 * 1024 && RELEASES.test(path),
};

/** Whether a partition table is that of an extension with dm-verity (Discoverable Partitions Specification). */
export function isExtension({ partitions }: PartitionTable): boolean {
  return /^root-/.test(partitions[0]?.name ?? '') && /-verity$/.test(partitions[1]?.name ?? '');
}

/** The keys of the extension-release file in a root; none when it has none. */
export async function extensionRelease({ files, directory }: RootView): Promise<Record<string, string>> {
  const file = files.find(({ path, kind }) => kind === 'file' && RELEASES.test(path));
  const text = file === undefined ? undefined : await readTextInRoot(directory, `/${file.path}`);
  if (file === undefined || text === undefined) return {};
  const name = file.path.replace(RELEASES, '');
  const kind = file.path.startsWith('etc/') ? 'confext' : 'sysext';
  return { name, kind, ...Object.fromEntries(parseOsRelease(text)) };
}

/** Reads a system or configuration extension in a disk image. @param note receives what cannot be read */
export async function inspectExtension(
  disk: ByteView,
  table: PartitionTable,
  { scratch, note }: Pick<InspectContext, 'scratch'> & { readonly note: (text: string) => void },
): Promise<Pick<Inspection, 'type' | 'diskGuid' | 'partitions' | 'extension' | 'signatures'>> {
  const opened = await openPartitions(disk, table.partitions, note);
  const signature = table.partitions.find(({ name }) => name.endsWith('-verity-sig'));
  const signatures: SignatureFacts[] =
    signature === undefined
      ? []
      : [{ form: 'dm-verity', place: `partition ${signature.name}`, by: 'certificate' }];
  const data = opened[0]?.filesystem;
  if (data === undefined) note(`the filesystem of ${table.partitions[0]?.name} cannot be read here`);
  // The GUIDs of the first two partitions are the two halves of the root hash.
  const [first, second] = table.partitions;
  const rootHash = `${first?.guid ?? ''}${second?.guid ?? ''}`.replaceAll('-', '');
  const keys =
    data === undefined
      ? {}
      : await extensionRelease(await readFilesystemRoot(data, EXTENSION_FILES, scratch));
  return {
    type: 'extension',
    diskGuid: table.guid,
    partitions: opened.map(({ facts }) => facts),
    extension: { ...keys, rootHash },
    signatures,
  };
}
