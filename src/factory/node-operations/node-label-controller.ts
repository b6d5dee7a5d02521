import type { Controller } from '../kubernetes/controller.ts';
import { KIND } from '../kubernetes/kinds.ts';
import { labelValue } from '../kubernetes/object-names.ts';
import type { Node, Pod } from '../kubernetes/objects.ts';
import { ANNOTATION, LABEL } from './labels.ts';
import { nodeObjectNames } from './names.ts';
import { FACT_LABELS, FACTS_SCRIPT, parseNodeFacts } from './node-facts.ts';
import { isNodeReady } from './node-health.ts';
import { type NodeOperationContext, removePod } from './node-task.ts';
import { hostFilesystem, LOOKS_ONLY } from './pod-parts.ts';

/** Where the pods that look at nodes are made, and of which image. */
export interface LabelContext extends Pick<NodeOperationContext, 'api' | 'cache' | 'now'> {
  readonly namespace: string;
  /** It needs a shell. */
  readonly image: string;
}

/** Seconds for a look, and until a node that could not be looked at is tried again. */
const LOOK = 300;
const AGAIN = 60;

/** The controller that labels nodes by what they run: a pod looks at each of them, once in each boot. */
export function nodeLabelController(context: LabelContext): Controller {
  return {
    name: 'NodeLabels',
    watches: [
      { kind: KIND.node, keysOf: ({ metadata }) => [`/${metadata.name}`] },
      {
        kind: KIND.pod,
        labels: LABEL.facts,
        keysOf: ({ metadata }) => (metadata.ownerReferences ?? []).map(({ name }) => `/${name}`),
      },
    ],
    reconcile: (key) => reconcile(context, key.slice(1)),
  };
}

async function reconcile(context: LabelContext, name: string): Promise<{ again?: number | undefined }> {
  const { api, cache, namespace } = context;
  const node = cache.get<Node>(KIND.node, name);
  if (node === undefined || !isNodeReady(node) || isLabelled(node)) return {};
  const wanted = factsPod(context, node);
  const pod = cache.get<Pod>(KIND.pod, wanted.metadata.name, namespace);
  if (pod === undefined) {
    await api.create(wanted);
    return { again: LOOK };
  }
  const { phase } = pod.status ?? {};
  if (phase !== 'Succeeded' && phase !== 'Failed') return { again: LOOK };
  const { message = '', finishedAt = '' } = pod.status?.containerStatuses?.[0]?.state?.terminated ?? {};
  const facts = phase === 'Succeeded' ? parseNodeFacts(message) : undefined;
  // A pod that cannot run on this node would be made again and again at once.
  if (facts === undefined && context.now() - Date.parse(finishedAt) < AGAIN * 1000) return { again: AGAIN };
  if (facts !== undefined) {
    const labels = Object.fromEntries(FACT_LABELS.map((label) => [label, facts.labels[label] ?? null]));
    const annotations = { [ANNOTATION.labelledBoot]: facts.bootId };
    await api.patch({ kind: KIND.node, name }, { metadata: { labels, annotations } });
  }
  await removePod(context, pod);
  return {};
}

/** Whether the labels are of the boot that runs. */
function isLabelled({ metadata, status }: Node): boolean {
  const labelled = metadata.annotations?.[ANNOTATION.labelledBoot];
  const running = status?.nodeInfo?.bootID || labelled;
  return labelled !== undefined && labelled === running;
}

/** The pod that looks at a node. It goes when the node does. */
export function factsPod({ namespace, image }: Pick<LabelContext, 'namespace' | 'image'>, node: Node): Pod {
  const { name, uid = '' } = node.metadata;
  const host = hostFilesystem({ spec: { hostMountPath: '/host' } }, { readOnly: true });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      ...{ name: nodeObjectNames({ name: 'kairos-facts', uid }, name).job, namespace },
      labels: { [LABEL.facts]: 'true', [LABEL.node]: labelValue(name) },
      ownerReferences: [{ apiVersion: 'v1', kind: 'Node', name, uid }],
    },
    spec: {
      nodeName: name,
      tolerations: [{ operator: 'Exists' }],
      ...{ automountServiceAccountToken: false, enableServiceLinks: false },
      ...{ restartPolicy: 'Never', activeDeadlineSeconds: LOOK },
      containers: [
        {
          ...{ name: 'facts', image, command: ['/bin/sh', '-c', FACTS_SCRIPT], env: [host.env] },
          ...{ volumeMounts: [host.mount], securityContext: LOOKS_ONLY },
        },
      ],
      volumes: [host.volume],
    },
  };
}
