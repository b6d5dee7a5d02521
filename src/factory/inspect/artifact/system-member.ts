import { layoutOf } from '../../signing/output-files.ts';
import type { ListedMember } from './folder-listing.ts';
import type { Inspection } from './inspection.ts';

/** Kinds of artifacts with the whole system, the one that is read fastest first. */
const ORDER = ['squashfs', 'iso', 'oci', 'raw', 'vhd', 'qcow2'];

/** The artifact that represents the system of a folder. @returns its path in the folder; `undefined` without one */
export function systemMember(members: readonly ListedMember[]): string | undefined {
  const ranked = members
    .filter(({ kind }) => ORDER.includes(kind))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const file = ranked[0]?.file;
  return file === undefined ? undefined : (layoutOf(file) ?? file);
}

/** The system of an artifact: of a disk, that of its first slot, which is the one that boots. */
export function systemOf({ system, slots }: Pick<Inspection, 'system' | 'slots'>): Inspection['system'] {
  return system ?? slots?.find((slot) => slot.system !== undefined)?.system;
}
