import type { Kind, ObjectRef } from './kinds.ts';
import type { KubeObject } from './objects.ts';

/** Which objects of a kind. */
export interface Selection {
  /** All namespaces without it. */
  readonly namespace?: string | undefined;
  /** A label selector, as `kubectl -l` takes it. */
  readonly labels?: string | undefined;
  /** A field selector, as `kubectl --field-selector` takes it. */
  readonly fields?: string | undefined;
}

/** Requests to the API server. Every method throws a KubeError for an answer that is not a success. */
export interface KubeApi {
  /** Reads one object; `undefined` when it does not exist. */
  readonly read: <T extends KubeObject>(ref: ObjectRef) => Promise<T | undefined>;
  readonly list: <T extends KubeObject>(kind: Kind, selection?: Selection) => Promise<readonly T[]>;
  /** Creates an object. An object of this name that exists already is left as it is, and the result is `false`. */
  readonly create: (object: KubeObject) => Promise<boolean>;
  /** Server-side apply: the fields given become ours, and those that we gave up are removed. */
  readonly apply: (object: KubeObject, options?: { readonly subresource?: 'status' }) => Promise<KubeObject>;
  /**
   * JSON merge patch (RFC 7396): `null` removes a field. With `metadata.resourceVersion` in it, it fails with status 409 if the
   * object has changed.
   */
  readonly patch: (
    ref: ObjectRef,
    patch: Readonly<Record<string, unknown>>,
    options?: { readonly subresource?: 'status' },
  ) => Promise<KubeObject>;
  /** Deletes an object and, in the background, those that it owns. An object that is gone is a success. */
  readonly remove: (ref: ObjectRef) => Promise<void>;
  /**
   * Asks for the eviction of a pod, which respects disruption budgets.
   * @returns whether it was granted; `false` when a budget forbids it now
   */
  readonly evict: (
    pod: Omit<ObjectRef, 'kind'>,
    options: { readonly gracePeriodSeconds?: number | undefined },
  ) => Promise<boolean>;
}
