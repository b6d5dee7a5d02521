import type { Asked, Treatment, WritableRegistry } from '../writable-registry.ts';

/** A way in which a registry differs from the specification, or from other registries. */
export interface Habit {
  /** Continues a sentence that starts with "a registry that". */
  readonly habit: string;
  /** Where it was reported. */
  readonly report: string;
  readonly set: (registry: WritableRegistry) => void;
  /** Whether the push reuses blobs of `team/base`, by default not. */
  readonly mounts?: boolean;
  /** Why a push fails; by default, it succeeds. */
  readonly pushFails?: { readonly code: string; readonly message: RegExp; readonly remedy: RegExp };
  /** Whether clients find the referrers of an image, by default they do. */
  readonly listsReferrers?: boolean;
  /** Why a pull fails; by default, it succeeds. */
  readonly pullFails?: { readonly code: string; readonly message: RegExp; readonly remedy: RegExp };
}

/** The headers of a web page. */
export const HTML = { 'content-type': 'text/html; charset=utf-8' };
/** The path of an upload. */
export const UPLOADS = /\/blobs\/uploads\//;

/** Sends a request on to the second address. */
export function redirect({ path, query }: Asked, to: string): Treatment {
  const search = query.size === 0 ? '' : `?${query}`;
  return { status: 307, headers: { location: `http://${to}${path}${search}` } };
}
