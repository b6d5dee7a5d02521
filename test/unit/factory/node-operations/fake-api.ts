import type { KubeCache } from '../../../../src/factory/kubernetes/controller.ts';
import type { Kind, ObjectRef } from '../../../../src/factory/kubernetes/kinds.ts';
import type { KubeApi } from '../../../../src/factory/kubernetes/kube-api.ts';
import type { KubeObject } from '../../../../src/factory/kubernetes/objects.ts';

/** The death of the operator. */
export class Killed extends Error {}

/** What the API server answers when an object has changed. */
export class Conflict extends Error {
  readonly status = 409;
}

type Json = Record<string, unknown>;

/**
 * An API server in memory: the same rules for versions, conflicts, finalizers and owners, without schemas. The real one cannot be
 * stopped after each single request.
 */
export interface FakeApi {
  readonly api: KubeApi;
  /** What watches have reported by the last {@link FakeApi.sync}. */
  readonly cache: KubeCache;
  readonly sync: () => void;
  readonly get: <T extends KubeObject>(kind: string, name: string) => T | undefined;
  readonly all: <T extends KubeObject>(kind: string) => T[];
  /** Writes as somebody else does. */
  readonly put: (object: KubeObject & Json) => void;
  readonly change: (kind: string, name: string, patch: Json) => void;
  readonly delete: (kind: string, name: string) => void;
  /** The operator dies at its n-th write from now: before it, or after it. */
  killAt: { left: number; when: 'before' | 'after' } | undefined;
  /** Writes of the operator so far. */
  readonly writes: string[];
  /** Pods that a budget protects. */
  readonly protectedPods: Set<string>;
}

export function fakeApi(now: () => number): FakeApi {
  const objects = new Map<string, KubeObject & Json>();
  let seen = new Map<string, KubeObject & Json>();
  let version = 0;
  const writes: string[] = [];
  const protectedPods = new Set<string>();
  const time = () => new Date(now()).toISOString();
  const keyFor = (kind: string, name: string) => `${kind}/${name}`;
  const store = (key: string, object: KubeObject & Json) => {
    version += 1;
    objects.set(key, {
      ...object,
      metadata: { ...object.metadata, resourceVersion: String(version) },
    });
  };
  const drop = (key: string) => {
    const object = objects.get(key);
    objects.delete(key);
    const uid = object?.metadata.uid;
    for (const [other, { metadata }] of [...objects])
      if (metadata.ownerReferences?.some((owner) => owner.uid === uid)) remove(other);
  };
  const remove = (key: string) => {
    const object = objects.get(key);
    if (object === undefined) return;
    if ((object.metadata.finalizers ?? []).length === 0) return drop(key);
    if (object.metadata.deletionTimestamp === undefined)
      store(key, { ...object, metadata: { ...object.metadata, deletionTimestamp: time() } });
  };
  const write = async <T>(what: string, effect: () => T): Promise<T> => {
    await Promise.resolve();
    const { killAt } = fake;
    if (killAt !== undefined) {
      killAt.left -= 1;
      if (killAt.left < 0 || (killAt.left === 0 && killAt.when === 'before')) throw new Killed();
    }
    writes.push(what);
    const result = effect();
    if (killAt?.left === 0) throw new Killed();
    return result;
  };
  const patchObject = (key: string, patch: Json, isStatus: boolean): KubeObject => {
    const object = objects.get(key);
    if (object === undefined) throw Object.assign(new Error(`${key} is not there`), { status: 404 });
    const { resourceVersion } = (patch['metadata'] ?? {}) as { resourceVersion?: string };
    if (resourceVersion !== undefined && resourceVersion !== object.metadata.resourceVersion)
      throw new Conflict(`${key} has changed`);
    const { status, ...rest } = patch;
    const merged = merge(object, isStatus ? { status } : rest) as KubeObject & Json;
    if (JSON.stringify(merged) !== JSON.stringify(object)) store(key, merged);
    const { deletionTimestamp, finalizers = [] } = merged.metadata;
    if (deletionTimestamp !== undefined && finalizers.length === 0) drop(key);
    return objects.get(key) ?? merged;
  };
  const create = (object: KubeObject & Json): boolean => {
    const key = keyFor(object.kind, object.metadata.name);
    if (objects.has(key)) return false;
    version += 1;
    const uid = `uid-${version}`;
    store(key, { ...object, metadata: { uid, creationTimestamp: time(), ...object.metadata } });
    return true;
  };
  const fake: FakeApi = {
    ...{ writes, protectedPods, killAt: undefined },
    api: {
      read: async <T>({ kind, name }: ObjectRef) => {
        await Promise.resolve();
        return structuredClone(objects.get(keyFor(kind.kind, name))) as T | undefined;
      },
      list: async <T>(kind: Kind) => {
        await Promise.resolve();
        return structuredClone([...objects.values()].filter((each) => each.kind === kind.kind)) as T[];
      },
      create: (object) =>
        write(`create ${object.kind} ${object.metadata.name}`, () =>
          create(structuredClone(object) as never),
        ),
      apply: () => Promise.reject(new RangeError('not used')),
      patch: ({ kind, name }, patch, { subresource } = {}) =>
        write(`patch ${kind.kind} ${name}${subresource ? ' status' : ''}`, () =>
          structuredClone(
            patchObject(keyFor(kind.kind, name), structuredClone(patch) as Json, subresource === 'status'),
          ),
        ),
      remove: ({ kind, name }) => write(`remove ${kind.kind} ${name}`, () => remove(keyFor(kind.kind, name))),
      evict: ({ name }) =>
        write(`evict ${name}`, () => {
          if (protectedPods.has(name)) return false;
          const pod = objects.get(keyFor('Pod', name));
          if (pod)
            store(keyFor('Pod', name), { ...pod, metadata: { ...pod.metadata, deletionTimestamp: time() } });
          return true;
        }),
    },
    cache: {
      get: <T>(kind: Kind, name: string) => seen.get(keyFor(kind.kind, name)) as T | undefined,
      list: <T>(kind: Kind) => [...seen.values()].filter((each) => each.kind === kind.kind) as T[],
    },
    sync: () => {
      seen = structuredClone(objects);
    },
    get: <T>(kind: string, name: string) => objects.get(keyFor(kind, name)) as T | undefined,
    all: <T>(kind: string) => [...objects.values()].filter((each) => each.kind === kind) as unknown as T[],
    put: (object) => {
      create(object);
    },
    change: (kind, name, patch) => {
      const key = keyFor(kind, name);
      const object = objects.get(key);
      if (object !== undefined) store(key, merge(object, patch) as KubeObject & Json);
    },
    delete: (kind, name) => remove(keyFor(kind, name)),
  };
  return fake;
}

/** JSON merge patch (RFC 7396). */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const result: Json = typeof target === 'object' && target !== null ? { ...(target as Json) } : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else if (value !== undefined) result[key] = merge(result[key], value);
  }
  return result;
}
