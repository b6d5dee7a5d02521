import type { Host } from '../../common/host/host.ts';

/** A partition as `sfdisk --json` lists it, as far as it is used here. */
interface DumpedPartition {
  /** Device of the partition. */
  readonly node: string;
  /** In sectors, like its size. */
  readonly start: number;
  readonly size: number;
  /** GUID of the type, on a GPT. */
  readonly type?: string;
  readonly name?: string;
}

/** The partition table of a disk, as `sfdisk --json` prints it. */
export interface DumpedTable {
  readonly label?: string;
  /** GUID of the disk. */
  readonly id?: string;
  readonly partitions?: readonly DumpedPartition[];
}

/** Reads the partition table of a disk, also without udev; `undefined` when it has none. */
export async function dumpTable(host: Host, disk: string): Promise<DumpedTable | undefined> {
  const { status, stdout } = await host.run('sfdisk', ['--json', disk], { allowFailure: true });
  if (status !== 0 || stdout === '') return undefined;
  return (JSON.parse(stdout) as { readonly partitiontable?: DumpedTable }).partitiontable;
}
