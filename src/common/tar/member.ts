import type { PaxRecord } from './pax-records.ts';
import type { SparseMap } from './sparse-map.ts';

/**
 * A member of a tar archive. All strings hold one byte per character (latin1), because names and attributes of files
 * need not be UTF-8: a capability never is.
 */
export interface TarMember {
  readonly name: string;
  /** One character of POSIX.1-2024, "ustar Interchange Format"; `0` for files, sparse ones too. */
  readonly type: string;
  readonly linkName: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** A Unix timestamp in decimal, with the fraction of an extended header. */
  readonly modified: string;
  /** Bytes of content that the archive stores. */
  readonly size: number;
  /** Where the stored bytes belong, when the file has holes. */
  readonly sparse?: SparseMap;
  readonly device: readonly [major: number, minor: number];
  readonly records: readonly PaxRecord[];
}
