import { FactoryError } from '../../common/errors/factory-error.ts';
import type { ArtifactKind } from './artifact-kinds.ts';
import type { ArtifactsSpec } from './schema.ts';

/**
 * The kinds that boot, with QEMU's name for their disk format: the best one to try first. The file name of each ends in a dot
 * and its kind.
 */
const DISK_FORMATS = {
  qcow2: 'qcow2',
  raw: 'raw',
  vmdk: 'vmdk',
  vhd: 'vpc',
  iso: 'raw',
} as const satisfies Partial<Record<ArtifactKind, string>>;

type BootableKind = keyof typeof DISK_FORMATS;
/** QEMU's name for the format of a disk that boots. */
export type DiskFormat = (typeof DISK_FORMATS)[BootableKind];

/** The kinds that boot, the best one to try first. */
export const BOOTABLE_KINDS = Object.keys(DISK_FORMATS) as readonly BootableKind[];

/** The kinds that boot, for messages: a phrase. */
export const A_BOOTABLE = 'an ISO, raw, qcow2, VHD or VMDK';

/** QEMU's name for the disk format of a file by its name; `undefined` when no machine boots it. */
export function bootableFormat(name: string): DiskFormat | undefined {
  const kind = BOOTABLE_KINDS.find((candidate) => name.endsWith(`.${candidate}`));
  return kind && DISK_FORMATS[kind];
}

/** Whether a machine boots a file of this name. */
export function isBootable(name: string): boolean {
  return bootableFormat(name) !== undefined;
}

/** Checks that a build with a proof makes something to boot. @throws FactoryError `usage` when it does not */
export function requireBootable({ artifacts, prove }: Pick<ArtifactsSpec, 'artifacts' | 'prove'>): void {
  if (prove === undefined || artifacts.some((kind) => BOOTABLE_KINDS.some((one) => one === kind))) return;
  throw new FactoryError('OPTION_CONFLICT', 'a proof needs an artifact that boots', {
    remedy: `Add one of ${BOOTABLE_KINDS.join(', ')} to the artifacts, or leave out the proof.`,
  });
}
