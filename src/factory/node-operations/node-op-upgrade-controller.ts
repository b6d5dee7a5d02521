import { createHash } from 'node:crypto';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Controller } from '../kubernetes/controller.ts';
import { sortedJson } from '../kubernetes/sorted-json.ts';
import { timestamp } from '../kubernetes/timestamp.ts';
import { nodeText } from '../rollout/observation.ts';
import { describeIssues } from './describe-issues.ts';
import { NODE_OP, NODE_OP_UPGRADE } from './kinds.ts';
import { keyOf, type NodeOperationContext } from './node-task.ts';
import type { NodeOp } from './pod-parts.ts';
import { NodeOpSpec, NodeOpUpgradeSpec } from './schema.ts';
import { isOver, type NodeOpUpgradeStatus } from './status.ts';
import {
  liveChange,
  type NodeOpUpgrade,
  operationFor,
  ownerOf,
  type PinnedImage,
} from './upgrade-operation.ts';

/** What the controller of upgrades needs beyond the others. */
export interface UpgradeContext extends NodeOperationContext {
  /** Resolves an image to its digest. @throws FactoryError when the registry does not have it */
  readonly pinImage: (image: string) => Promise<PinnedImage>;
  /**
   * Fetches what proves that a tree is that of a digest, and the signatures: contents by name of the file, in Base64. Without it, the
   * pods of the upgrade get none.
   * @throws FactoryError when the registry does not have it
   */
  readonly evidence?: (pinned: string) => Promise<Readonly<Record<string, string>>>;
}

/** A ConfigMap has at most 1 MiB, with its names. */
const LARGEST_EVIDENCE = 900 * 1024;
/** Seconds until a registry that failed is asked again. */
const ASK_AGAIN = 60;

/** The controller that makes a NodeOp of each NodeOpUpgrade, and shows how it goes. */
export function nodeOpUpgradeController(context: UpgradeContext): Controller {
  return {
    name: 'NodeOpUpgrade',
    watches: [
      { kind: NODE_OP_UPGRADE, keysOf: (object) => [keyOf(object)] },
      {
        kind: NODE_OP,
        keysOf: ({ metadata: { namespace = 'default', ownerReferences = [] } }) =>
          ownerReferences
            .filter(({ kind }) => kind === NODE_OP_UPGRADE.kind)
            .map(({ name }) => `${namespace}/${name}`),
      },
    ],
    reconcile: (key) => reconcile(context, key),
  };
}

async function reconcile(context: UpgradeContext, key: string): Promise<{ again?: number | undefined }> {
  const { api } = context;
  const [namespace, name = ''] = key.split('/');
  const upgrade = await api.read<NodeOpUpgrade>({ kind: NODE_OP_UPGRADE, name, namespace });
  if (upgrade === undefined || upgrade.metadata.deletionTimestamp !== undefined) return {};
  if (isOver(upgrade.status)) return {};
  const parsed = NodeOpUpgradeSpec.safeParse(upgrade.spec);
  if (!parsed.success) {
    const message = `the spec is invalid: ${describeIssues(parsed.error)}`;
    return show(context, upgrade, { phase: 'Failed', message });
  }
  const operation = await api.read<NodeOp>({ kind: NODE_OP, name, namespace });
  if (operation === undefined) return begin(context, upgrade, parsed.data);
  if (!operation.metadata.ownerReferences?.some(({ uid }) => uid === upgrade.metadata.uid)) {
    const message = `a NodeOp "${name}" exists that does not belong to this NodeOpUpgrade`;
    return show(context, upgrade, { phase: 'Failed', message });
  }
  const change = liveChange(parsed.data, NodeOpSpec.parse(operation.spec));
  if (change !== undefined) await api.patch({ kind: NODE_OP, name, namespace }, { spec: change });
  const { phase = 'Pending', message, nodeStatuses, conditions } = operation.status ?? {};
  return show(context, upgrade, {
    ...{ phase, nodeOpName: name, message: message ?? 'the operation begins' },
    ...(nodeStatuses && { nodeStatuses }),
    ...(conditions && { conditions }),
  });
}

/** Resolves the image, and makes the NodeOp. */
async function begin(
  context: UpgradeContext,
  upgrade: NodeOpUpgrade,
  spec: NodeOpUpgradeSpec,
): Promise<{ again?: number | undefined }> {
  const { api, recordEvent } = context;
  const found = await fetchImage(context, upgrade, spec.image);
  if ('problem' in found) {
    const message = found.problem;
    await recordEvent({ object: upgrade, type: 'Warning', reason: 'ImageUnusable', message });
    await show(context, upgrade, { phase: 'Pending', message });
    return { again: ASK_AGAIN };
  }
  const { image, evidence } = found;
  // An attempt that was killed may have found another digest: its evidence has another name.
  if (evidence !== undefined) await api.create(evidence);
  await api.create(operationFor(upgrade, { spec, image, evidence: evidence?.metadata.name }));
  const message = `upgrades to ${image.pinned}`;
  await recordEvent({ object: upgrade, type: 'Normal', reason: 'ImageResolved', message });
  return show(context, upgrade, { phase: 'Pending', nodeOpName: upgrade.metadata.name, message });
}

async function fetchImage(context: UpgradeContext, upgrade: NodeOpUpgrade, name: string) {
  try {
    const image = await context.pinImage(name);
    const evidence = await context.evidence?.(image.pinned);
    return { image, evidence: evidence && evidenceMap(upgrade, image, evidence) };
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    return { problem: nodeText(messageOf(error)) };
  }
}

function evidenceMap(
  upgrade: NodeOpUpgrade,
  { pinned }: PinnedImage,
  binaryData: Readonly<Record<string, string>>,
) {
  const { name, namespace = 'default' } = upgrade.metadata;
  const size = Object.values(binaryData).reduce((sum, text) => sum + Buffer.byteLength(text, 'base64'), 0);
  if (size > LARGEST_EVIDENCE)
    throw new FactoryError(
      'RESPONSE_TOO_LARGE',
      `the signatures and manifests of ${pinned} have ${size} bytes, more than the ${LARGEST_EVIDENCE} that a ConfigMap holds`,
      { remedy: 'Remove signatures that no policy of the nodes asks for.' },
    );
  const hash = createHash('sha256').update(`${upgrade.metadata.uid} ${pinned}`).digest('hex').slice(0, 10);
  return {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: {
      name: `${name.slice(0, 200)}-evidence-${hash}`,
      ...{ namespace, ownerReferences: [ownerOf(upgrade)] },
    },
    immutable: true,
    binaryData,
  };
}

/** Stores the status, if it is news. */
async function show(
  { api, now }: UpgradeContext,
  { metadata: { name, namespace, resourceVersion }, status: before = {} }: NodeOpUpgrade,
  after: NodeOpUpgradeStatus,
): Promise<{ again?: number | undefined }> {
  const { lastUpdated: _, ...old } = before;
  const nodes = after.nodeStatuses ?? old.nodeStatuses ?? {};
  const gone = Object.keys(old.nodeStatuses ?? {}).filter((node) => !(node in nodes));
  const status = { ...old, ...after };
  if (sortedJson(old) === sortedJson(status)) return {};
  const nodeStatuses = { ...nodes, ...Object.fromEntries(gone.map((node) => [node, null])) };
  await api.patch(
    { kind: NODE_OP_UPGRADE, name, namespace },
    { metadata: { resourceVersion }, status: { ...after, nodeStatuses, lastUpdated: timestamp(now()) } },
    { subresource: 'status' },
  );
  return {};
}
