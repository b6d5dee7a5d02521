import { LABEL } from '../../common/contract/labels.ts';
import type { Host } from '../../common/host/host.ts';
import { bootDisk } from '../deploy/find-by-label.ts';
import { withContents } from '../disk/content-of-devices.ts';

/** A partition as `state` reports it (docs/contract.md 5.1). */
export interface PartitionState {
  readonly found: boolean;
  readonly mounted: boolean;
  /** Device path. */
  readonly name: string;
  /** Name in the partition table. */
  readonly label: string;
  readonly filesystemlabel: string;
  readonly mount_point: string;
  readonly size_bytes: number;
  /** Filesystem type. */
  readonly type: string;
  readonly read_only: boolean;
  readonly uuid: string;
}

/** The partitions that `state` reports, by filesystem label (docs/contract.md 1.1). */
const PARTITIONS = {
  persistent: LABEL.persistent,
  recovery: LABEL.recovery,
  oem: LABEL.oem,
  state: LABEL.state,
} as const;
type PartitionName = keyof typeof PARTITIONS;

/** The partitions of a node, and which of them are encrypted. */
export interface PartitionStates {
  readonly partitions: Readonly<Record<PartitionName, PartitionState>>;
  /** Encrypted partitions: device by partition name, and partition name by device. */
  readonly encrypted: {
    readonly by_label: Readonly<Record<string, string>>;
    readonly by_device: Readonly<Record<string, string>>;
  };
}

const COLUMNS = 'NAME,PATH,LABEL,PARTLABEL,FSTYPE,MOUNTPOINTS,SIZE,UUID,RO,TYPE';

interface Device {
  readonly path?: string | null;
  readonly label?: string | null;
  readonly partlabel?: string | null;
  readonly fstype?: string | null;
  readonly mountpoints?: readonly (string | null)[];
  readonly size?: number | null;
  readonly uuid?: string | null;
  readonly ro?: boolean;
  readonly children?: readonly Device[];
}

/** Reads the partitions with `lsblk` (util-linux 2.37 or later, for the column MOUNTPOINTS). @throws FactoryError when it fails */
export async function partitionStates(host: Host): Promise<PartitionStates> {
  const { stdout } = await host.run('lsblk', ['--json', '-b', '-o', COLUMNS]);
  const { blockdevices } = JSON.parse(stdout || '{"blockdevices":[]}') as { blockdevices: Device[] };
  const devices = await withContents(host, flatten(blockdevices));
  const disk = await bootDisk(host);
  const own = new Set(flatten(blockdevices.filter(({ path }) => path === disk)).map(({ path }) => path));
  const mounts = await wholeMounts(host);
  const encrypted = devices.filter(({ fstype }) => fstype === 'crypto_LUKS');
  const pairs = encrypted.map(
    ({ path, partlabel, label }) => [partlabel ?? label ?? '', path ?? ''] as const,
  );
  const entries = Object.entries(PARTITIONS).map(([name, label]) => {
    const matching = devices.filter((device) => device.label === label);
    const here = matching.filter((device) => own.has(device.path));
    return [name, describe(here.length > 0 ? here : matching, mounts)];
  });
  return {
    partitions: Object.fromEntries(entries) as Record<PartitionName, PartitionState>,
    encrypted: {
      by_label: Object.fromEntries(pairs.filter(([label]) => label !== '')),
      by_device: Object.fromEntries(pairs.map(([label, path]) => [path, label])),
    },
  };
}

function flatten(devices: readonly Device[]): Device[] {
  return devices.flatMap((device) => [device, ...flatten(device.children ?? [])]);
}

function mountPoints({ mountpoints = [] }: Device): string[] {
  return mountpoints.filter((point) => point !== null);
}

/**
 * Mount points of whole filesystems, and whether each is read-only: fields 4 to 6 of proc_pid_mountinfo(5) are the root
 * inside the filesystem, the mount point and the options.
 */
async function wholeMounts(host: Host): Promise<ReadonlyMap<string, boolean>> {
  const lines = ((await host.readText('/proc/self/mountinfo')) ?? '').split('\n');
  return new Map(
    lines.flatMap((line) => {
      const [, , , root, point = '', options = ''] = line.split(' ');
      return root === '/' ? [[point, options.split(',').includes('ro')] as const] : [];
    }),
  );
}

/** Of several devices with the label on one disk, the mounted one counts: an encrypted partition and its content may share a label. */
function describe(matching: readonly Device[], mounts: ReadonlyMap<string, boolean>): PartitionState {
  const device = matching.find((each) => mountPoints(each).length > 0) ?? matching[0];
  const points = device ? mountPoints(device) : [];
  // The other mount points are bind mounts of its subdirectories.
  const point = points.find((each) => mounts.has(each)) ?? points[0] ?? '';
  return {
    found: device !== undefined,
    mounted: points.length > 0,
    name: device?.path ?? '',
    label: device?.partlabel ?? '',
    filesystemlabel: device?.label ?? '',
    mount_point: point,
    size_bytes: device?.size ?? 0,
    type: device?.fstype ?? '',
    read_only: (device?.ro ?? false) || mounts.get(point) === true,
    uuid: device?.uuid ?? '',
  };
}
