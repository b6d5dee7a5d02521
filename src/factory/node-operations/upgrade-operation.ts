import { labelValue } from '../kubernetes/object-names.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { NODE_OP, NODE_OP_UPGRADE } from './kinds.ts';
import { LABEL } from './labels.ts';
import type { NodeOp } from './pod-parts.ts';
import type { NodeOpSpec, NodeOpUpgradeSpec } from './schema.ts';
import type { NodeOpUpgradeStatus } from './status.ts';
import { upgradePreflightScript, upgradeScript } from './upgrade-script.ts';

/** A NodeOpUpgrade as the API server has it. */
export interface NodeOpUpgrade extends KubeObject {
  readonly spec: unknown;
  readonly status?: NodeOpUpgradeStatus;
}

/** The image of an upgrade, whose tag was resolved once. */
export interface PinnedImage {
  /** `REGISTRY/NAME@DIGEST`. */
  readonly pinned: string;
  /** Of the name, and of the platforms of an index: each of them is the image. */
  readonly digests: readonly string[];
}

/** Seconds that the agent may take on one node. */
const UPGRADE = 3600;

/** Fields of a NodeOp that follow those of its NodeOpUpgrade during the rollout. */
const LIVE = ['concurrency', 'stopOnFailure', 'waves', 'maxUnavailable', 'paused', 'health'] as const;

/** The NodeOp that does the work of a NodeOpUpgrade, and has its name. */
export function operationFor(
  upgrade: NodeOpUpgrade,
  {
    spec,
    image: { pinned, digests },
    evidence,
  }: { readonly spec: NodeOpUpgradeSpec; readonly image: PinnedImage; readonly evidence: string | undefined },
): NodeOp {
  const { name, namespace = 'default' } = upgrade.metadata;
  const looksBefore = !spec.force && !spec.upgradeRecovery;
  return {
    apiVersion: NODE_OP.apiVersion,
    kind: NODE_OP.kind,
    metadata: {
      ...{ name, namespace, ownerReferences: [ownerOf(upgrade)] },
      labels: { [LABEL.upgrade]: labelValue(name) },
    },
    spec: {
      ...pick(spec, [
        ...(['nodeSelector', 'imagePullSecrets', 'uncordonOnFailure'] as const),
        ...(['resources', 'preflightResources', 'rebootResources'] as const),
      ]),
      ...liveFields(spec),
      image: pinned,
      command: ['/bin/sh', '-c', upgradeScript(spec, pinned)],
      cordon: true,
      drainOptions: { enabled: true },
      rebootOnSuccess: spec.upgradeActive,
      activeDeadlineSeconds: UPGRADE,
      expect: { digests: [...digests], ...(evidence && { evidence }) },
      ...(looksBefore && { preflight: { command: ['/bin/sh', '-c', upgradePreflightScript(digests)] } }),
    },
  };
}

/** The reference with which an object goes when its NodeOpUpgrade does. */
export function ownerOf({ metadata: { name, uid = '' } }: NodeOpUpgrade) {
  const { apiVersion, kind } = NODE_OP_UPGRADE;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** What may be changed during a rollout, as its NodeOp should have it. */
export function liveFields(spec: NodeOpUpgradeSpec): Partial<NodeOpSpec> {
  return pick(spec, LIVE);
}

/** A merge patch that brings a NodeOp to what its NodeOpUpgrade says now; `undefined` when it is so. */
export function liveChange(
  spec: NodeOpUpgradeSpec,
  operation: NodeOpSpec,
): Record<string, unknown> | undefined {
  const changed = LIVE.filter((name) => JSON.stringify(spec[name]) !== JSON.stringify(operation[name]));
  if (changed.length === 0) return undefined;
  return Object.fromEntries(changed.map((name) => [name, spec[name] ?? null]));
}

function pick<T extends object, K extends keyof T>(from: T, names: readonly K[]): Partial<Pick<T, K>> {
  const entries = names.filter((name) => from[name] !== undefined).map((name) => [name, from[name]]);
  return Object.fromEntries(entries) as Partial<Pick<T, K>>;
}
