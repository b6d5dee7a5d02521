import type { Kind } from './kinds.ts';
import type { KubeObject } from './objects.ts';

/** Objects as the watches last reported them. It may be some moments behind the API server. */
export interface KubeCache {
  /** @throws RangeError for a kind that no controller watches */
  readonly get: <T extends KubeObject>(kind: Kind, name: string, namespace?: string) => T | undefined;
  readonly list: <T extends KubeObject>(kind: Kind, namespace?: string) => readonly T[];
}

/** A kind that a controller watches. */
export interface Watched {
  readonly kind: Kind;
  /** A label selector that limits what is kept in memory. */
  readonly labels?: string;
  /** The keys (`NAMESPACE/NAME`) of the objects to reconcile when this one was added, has changed or was deleted. */
  readonly keysOf: (object: KubeObject, cache: KubeCache) => readonly string[];
}

/** Brings objects of one kind to what their specs ask for. */
export interface Controller {
  /** In logs and metrics. */
  readonly name: string;
  readonly watches: readonly Watched[];
  /**
   * Looks at one object and takes the next step. It is called again after every change of what it watches, after a failure with
   * growing delays, and never twice at the same time for one key. It may be killed at any moment, and has to continue from what the
   * API server and the nodes say.
   * @param key `NAMESPACE/NAME`
   * @returns when to look again, in seconds, even if nothing changes
   */
  readonly reconcile: (key: string) => Promise<{ readonly again?: number | undefined }>;
}
