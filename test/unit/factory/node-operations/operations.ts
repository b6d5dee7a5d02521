import type { NodeOp } from '../../../../src/factory/node-operations/pod-parts.ts';
import { NodeOpSpec } from '../../../../src/factory/node-operations/schema.ts';

/** A NodeOp as the API server has it. */
export function nodeOp(spec: Record<string, unknown> = {}, name = 'op'): NodeOp & Record<string, unknown> {
  return {
    ...{ apiVersion: 'operator.kairos.io/v1alpha1', kind: 'NodeOp' },
    metadata: { name, namespace: 'system', uid: `uid-of-${name}` },
    spec: { command: ['true'], ...spec },
  };
}

/** What the manifests of its pods are made of. */
export function podTask(spec: Record<string, unknown> = {}) {
  const op = nodeOp(spec);
  return {
    ...{ op, spec: NodeOpSpec.parse(op.spec), node: 'node-1' },
    images: { command: 'busybox:latest', helper: 'helper:1' },
  };
}
