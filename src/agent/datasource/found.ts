import type { Host } from '../../common/host/host.ts';

/** The data of a provider for this machine. */
export interface Found {
  /** As received, compressed or not. */
  readonly userData: Uint8Array;
  readonly hostname?: string;
  /** Network configuration of NoCloud, which the agent keeps but does not interpret. */
  readonly networkConfig?: Uint8Array;
}

/** Maximum size of user data, in bytes. */
export const USER_DATA_LIMIT = 64 * 1024 * 1024;

/** Looks for user data; `undefined` when the provider has none. It may throw. */
export type Provider = (host: Host) => Promise<Found | undefined>;
