import { layoutOf } from '../../signing/output-files.ts';
import type { ListedMember } from './folder-listing.ts';

/** Kinds of artifacts with the whole system, the one that is read fastest first. */
const ORDER = ['squashfs', 'iso', 'oci', 'raw', 'qcow2'];

/** The artifact that represents the system of a folder. @returns its path in the folder; `undefined` without one */
export function systemMember(members: readonly ListedMember[]): string | undefined {
  const ranked = members
    .filter(({ kind }) => ORDER.includes(kind))
    .sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind));
  const file = ranked[0]?.file;
  return file === undefined ? undefined : (layoutOf(file) ?? file);
}
