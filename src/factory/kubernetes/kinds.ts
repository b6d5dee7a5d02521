/** A kind of objects, and how the API server addresses it. */
export interface Kind {
  readonly apiVersion: string;
  readonly kind: string;
  /** The name in paths. */
  readonly plural: string;
  readonly namespaced: boolean;
}

const namespaced = (apiVersion: string, kind: string, plural: string): Kind => ({
  ...{ apiVersion, kind, plural, namespaced: true },
});

/** The kinds of Kubernetes itself that the operator reads or writes. */
export const KIND = {
  pod: namespaced('v1', 'Pod', 'pods'),
  job: namespaced('batch/v1', 'Job', 'jobs'),
  configMap: namespaced('v1', 'ConfigMap', 'configmaps'),
  secret: namespaced('v1', 'Secret', 'secrets'),
  claim: namespaced('v1', 'PersistentVolumeClaim', 'persistentvolumeclaims'),
  event: namespaced('v1', 'Event', 'events'),
  lease: namespaced('coordination.k8s.io/v1', 'Lease', 'leases'),
  daemonSet: namespaced('apps/v1', 'DaemonSet', 'daemonsets'),
  node: { apiVersion: 'v1', kind: 'Node', plural: 'nodes', namespaced: false },
} as const satisfies Record<string, Kind>;

/** Names one object. */
export interface ObjectRef {
  readonly kind: Kind;
  readonly name: string;
  /** Required for kinds that have one. */
  readonly namespace?: string | undefined;
}

/**
 * The path of a kind, or of one object, below the address of the API server.
 * @param subresource such as `status` or `eviction`
 */
export function apiPath(
  { kind, name, namespace }: Omit<ObjectRef, 'name'> & { readonly name?: string },
  subresource?: string,
): string {
  const group = kind.apiVersion.includes('/') ? `/apis/${kind.apiVersion}` : `/api/${kind.apiVersion}`;
  const scope =
    kind.namespaced && namespace !== undefined ? `/namespaces/${encodeURIComponent(namespace)}` : '';
  const object = name === undefined ? '' : `/${encodeURIComponent(name)}`;
  return `${group}${scope}/${kind.plural}${object}${subresource === undefined ? '' : `/${subresource}`}`;
}
