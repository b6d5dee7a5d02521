import type { PaxRecord } from './pax-records.ts';
import type { SparseMap } from './sparse-map.ts';

/**
 * A member of a tar archive. All strings have one byte per character (latin1), because names and attributes of files may
 * not be UTF-8; capabilities never are.
 */
export interface TarMember {
  readonly name: string;
  /** The typeflag (POSIX.1-2024, "ustar Interchange Format"); `0` for files, including sparse ones. */
  readonly type: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A Unix timestamp in decimal, with the fraction from an extended header. */
  readonly modified: string;
  /** Size of the stored content in bytes. */
  readonly size: number;
  /** Where the stored bytes belong, if the file has holes. */
  readonly sparse?: SparseMap;
  readonly device: readonly [major: number, minor: number];
  readonly records: readonly PaxRecord[];
}
