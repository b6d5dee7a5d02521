import { setTimeout } from 'node:timers/promises';
import { createKubeApi } from '../../../src/factory/kubernetes/create-kube-api.ts';
import { apiPath, KIND, type ObjectRef } from '../../../src/factory/kubernetes/kinds.ts';
import type { KubeApi } from '../../../src/factory/kubernetes/kube-api.ts';
import { loadKubeConfig } from '../../../src/factory/kubernetes/load-kube-config.ts';
import type { KubeObject, Node, Pod } from '../../../src/factory/kubernetes/objects.ts';
import { createRequests, type SendRequest } from '../../../src/factory/kubernetes/request.ts';
import { watchKind } from '../../../src/factory/kubernetes/watch-kind.ts';

/** A container of a pod, as far as an executor runs it. */
export interface PodContainer {
  readonly name: string;
  readonly image: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly env?: readonly {
    readonly name: string;
    readonly value?: string;
    readonly valueFrom?: {
      readonly secretKeyRef?: KeyRef;
      readonly configMapKeyRef?: KeyRef;
      readonly fieldRef?: { readonly fieldPath: string };
    };
  }[];
  readonly volumeMounts?: readonly {
    readonly name: string;
    readonly mountPath: string;
    readonly readOnly?: boolean;
    readonly subPath?: string;
  }[];
  readonly workingDir?: string;
  readonly securityContext?: Readonly<Record<string, unknown>>;
  readonly terminationMessagePolicy?: string;
}

/** A key of a Secret or a ConfigMap. */
export interface KeyRef {
  readonly name: string;
  readonly key: string;
}

/** The spec of a pod. */
export interface PodSpec {
  readonly nodeName?: string;
  readonly nodeSelector?: Readonly<Record<string, string>>;
  readonly restartPolicy?: 'Always' | 'OnFailure' | 'Never';
  readonly initContainers?: readonly PodContainer[];
  readonly containers: readonly PodContainer[];
  readonly volumes?: readonly Readonly<Record<string, unknown>>[];
  readonly securityContext?: Readonly<Record<string, unknown>>;
}

/** How a container ended. */
export interface ContainerEnd {
  readonly exitCode: number;
  /** What it wrote to its termination log. */
  readonly message?: string;
}

/** Runs a container, and ends it when the signal is aborted. */
export type RunContainer = (run: {
  readonly pod: Pod & { readonly spec: PodSpec };
  readonly container: PodContainer;
  readonly node: string;
  readonly signal: AbortSignal;
}) => Promise<ContainerEnd>;

/** A node that the stand-in has. */
export interface TestNode {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** A stand-in for scheduler and kubelets. */
export interface TestKubelet extends AsyncDisposable {
  readonly api: KubeApi;
  readonly send: SendRequest;
  /** Makes a node unreachable: nothing that happens on it is reported, until it is there again. */
  setReady(node: string, isReady: boolean): Promise<void>;
}

/**
 * Stands in for the scheduler and the kubelets of nodes, which would need a machine each: it binds pods to nodes whose labels suit,
 * runs their containers by a function, one after the other, and reports what a kubelet reports. Everything else is real.
 */
export async function startKubelet(options: {
  readonly kubeconfig: string;
  readonly nodes: readonly TestNode[];
  readonly run: RunContainer;
  /** The boot id of a node, which may change while a container runs; none is reported without it. */
  readonly bootId?: (node: string) => string;
}): Promise<TestKubelet> {
  const config = loadKubeConfig({ file: options.kubeconfig, env: {} });
  const end = new AbortController();
  const send = createRequests(config, { signal: end.signal });
  const api = createKubeApi(
    send,
    ({ kind }) => Object.values(KIND).find((each) => each.kind === kind) ?? KIND.pod,
  );
  const running = new Map<string, AbortController>();
  const unready = new Set<string>();
  const failures: unknown[] = [];
  const nodes = new Map(options.nodes.map((node) => [node.name, node]));

  /** Reports as a kubelet does: again and again, while the API server is gone. What was deleted in between has no status. */
  const report = async (ref: ObjectRef, status: Readonly<Record<string, unknown>>) => {
    while (!end.signal.aborted) {
      try {
        await api.patch(ref, { status }, { subresource: 'status' });
        return;
      } catch (error) {
        if ((error as { status?: number }).status === 404) return;
        await setTimeout(500);
      }
    }
  };
  const statusOf = (pod: Pod, status: Readonly<Record<string, unknown>>) => report(refOf(pod), status);
  const reportBoot = async (name: string) => {
    const bootID = options.bootId?.(name);
    if (bootID !== undefined && !unready.has(name))
      await report({ kind: KIND.node, name }, { nodeInfo: { bootID } });
  };
  const runPod = async (pod: Pod & { readonly spec: PodSpec }, signal: AbortSignal) => {
    const { initContainers = [], containers, nodeName = '', restartPolicy = 'Always' } = pod.spec;
    const states = { initContainerStatuses: [] as unknown[], containerStatuses: [] as unknown[] };
    const now = () => new Date().toISOString();
    const reportPhase = async (phase: string) => {
      while (unready.has(nodeName) && !signal.aborted) await setTimeout(50);
      await statusOf(pod, { phase, startTime: now(), ...states });
    };
    await reportPhase('Pending');
    const attempt = async (container: PodContainer, list: unknown[]): Promise<number> => {
      const facts = { name: container.name, image: container.image, imageID: '', restartCount: 0 };
      list.push({ ...facts, ready: true, state: { running: { startedAt: now() } } });
      await reportPhase(list === states.containerStatuses ? 'Running' : 'Pending');
      const { exitCode, message } = await options.run({ pod, container, node: nodeName, signal });
      await reportBoot(nodeName);
      const terminated = {
        exitCode,
        ...(message && { message }),
        reason: exitCode === 0 ? 'Completed' : 'Error',
        startedAt: now(),
        finishedAt: now(),
      };
      list.splice(-1, 1, { ...facts, ready: false, state: { terminated } });
      return exitCode;
    };
    const untilDone = async (container: PodContainer, list: unknown[]) => {
      for (;;) {
        const exitCode = await attempt(container, list);
        if (exitCode === 0 || restartPolicy === 'Never' || signal.aborted) return exitCode;
        await reportPhase('Running');
        list.pop();
        await setTimeout(200);
      }
    };
    for (const container of initContainers)
      if ((await untilDone(container, states.initContainerStatuses)) !== 0)
        return await reportPhase('Failed');
    const codes = [];
    for (const container of containers) codes.push(await untilDone(container, states.containerStatuses));
    if (signal.aborted) return;
    await reportPhase(codes.every((code) => code === 0) ? 'Succeeded' : 'Failed');
  };
  const nodeFor = async (spec: PodSpec) => {
    for (const node of nodes.values()) {
      if (unready.has(node.name) || !suits(spec, node.name, node.labels)) continue;
      const found = await api.read<Node>({ kind: KIND.node, name: node.name });
      if (found?.spec?.unschedulable !== true) return node;
    }
    return undefined;
  };
  /** A pod that waits for a node is looked at again, as it is by then. */
  const lookAgain = async ({ metadata: { name, namespace } }: Pod) => {
    const pod = watch.get(name, namespace);
    if (pod !== undefined) await look(pod as Pod & { readonly spec: PodSpec });
  };
  const look = async (pod: Pod & { readonly spec: PodSpec }) => {
    const uid = pod.metadata.uid ?? '';
    if (pod.metadata.deletionTimestamp !== undefined) {
      if (unready.has(pod.spec.nodeName ?? '')) return;
      running.get(uid)?.abort();
      await send({ method: 'DELETE', path: apiPath(refOf(pod)), body: { gracePeriodSeconds: 0 } });
      return;
    }
    if (pod.spec.nodeName === undefined) {
      const node = await nodeFor(pod.spec);
      if (node) await bind(send, pod, node.name);
      else await setTimeout(500, undefined, { signal: end.signal }).then(() => lookAgain(pod));
      return;
    }
    const isFinal = ['Succeeded', 'Failed'].includes(pod.status?.phase ?? '');
    if (!nodes.has(pod.spec.nodeName) || running.has(uid) || isFinal) return;
    const stop = new AbortController();
    running.set(uid, stop);
    await runPod(pod, AbortSignal.any([stop.signal, end.signal]));
  };
  for (const node of nodes.values()) {
    await addNode(api, send, node);
    await reportBoot(node.name);
  }
  const watch = watchKind({
    ...{ config, send, kind: KIND.pod },
    changed: (object) => {
      look(object as Pod & { readonly spec: PodSpec }).catch((error: unknown) => {
        if (!end.signal.aborted) failures.push(error);
      });
    },
    failed: () => undefined,
  });
  await watch.synced;
  return {
    ...{ api, send },
    setReady: async (name, isReady) => {
      if (isReady) unready.delete(name);
      else unready.add(name);
      await setNodeReady(api, name, isReady);
      if (isReady) await reportBoot(name);
      if (isReady) for (const pod of watch.list()) await look(pod as Pod & { readonly spec: PodSpec });
    },
    [Symbol.asyncDispose]: async () => {
      end.abort();
      await watch.stop();
      if (failures.length > 0) throw new AggregateError(failures, 'the stand-in for the kubelet failed');
    },
  };
}

function refOf({ metadata }: KubeObject) {
  return { kind: KIND.pod, name: metadata.name, namespace: metadata.namespace };
}

function suits(
  { nodeSelector = {} }: PodSpec,
  name: string,
  labels: Readonly<Record<string, string>> = {},
): boolean {
  const all: Readonly<Record<string, string>> = { 'kubernetes.io/hostname': name, ...labels };
  return Object.entries(nodeSelector).every(([key, value]) => all[key] === value);
}

async function bind(send: SendRequest, { metadata }: Pod, node: string): Promise<void> {
  const { name, namespace } = metadata;
  const body = {
    apiVersion: 'v1',
    kind: 'Binding',
    metadata: { name },
    target: { apiVersion: 'v1', kind: 'Node', name: node },
  };
  await send({ method: 'POST', path: apiPath({ kind: KIND.pod, name, namespace }, 'binding'), body });
}

async function addNode(api: KubeApi, send: SendRequest, { name, labels = {} }: TestNode): Promise<void> {
  const metadata = { name, labels: { 'kubernetes.io/hostname': name, ...labels } };
  await send({ method: 'POST', path: '/api/v1/nodes', body: { apiVersion: 'v1', kind: 'Node', metadata } });
  await setNodeReady(api, name, true);
}

async function setNodeReady(api: KubeApi, name: string, isReady: boolean): Promise<void> {
  const now = new Date().toISOString().replace(/\.\d+Z$/, 'Z');
  const ready = {
    type: 'Ready',
    status: isReady ? 'True' : 'Unknown',
    reason: 'StandIn',
    lastHeartbeatTime: now,
    lastTransitionTime: now,
  };
  const room = { cpu: '64', memory: '256Gi', pods: '500', 'ephemeral-storage': '1Ti' };
  const status = { conditions: [ready], capacity: room, allocatable: room };
  await api.patch({ kind: KIND.node, name }, { status }, { subresource: 'status' });
}
