import type { Host } from '../../common/host/host.ts';

/** What a provider has for this machine. */
export interface Found {
  /** As it came, packed or not. */
  readonly userData: Uint8Array;
  readonly hostname?: string;
  /** Network configuration of NoCloud, which the agent keeps but does not interpret. */
  readonly networkConfig?: Uint8Array;
}

/** No user data is larger, in bytes. */
export const USER_DATA_LIMIT = 64 * 1024 * 1024;

/** Looks for user data; `undefined` when there is none of this kind. Failures may be thrown. */
export type Provider = (host: Host) => Promise<Found | undefined>;
