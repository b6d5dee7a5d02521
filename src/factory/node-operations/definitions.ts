import { customResourceDefinition, type PrinterColumn } from '../kubernetes/custom-resource-definition.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { NODE_OP, NODE_OP_UPGRADE } from './kinds.ts';
import { NodeOpSpec, NodeOpUpgradeSpec } from './schema.ts';
import { NodeOpStatus, NodeOpUpgradeStatus } from './status.ts';

const COLUMNS: readonly PrinterColumn[] = [
  { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
  { name: 'Message', type: 'string', jsonPath: '.status.message' },
  { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
];

/** The manifests of the kinds of this room. */
export function nodeOperationDefinitions(): readonly KubeObject[] {
  return [
    customResourceDefinition({
      kind: NODE_OP,
      description: 'Runs a command on nodes, a few at a time.',
      spec: NodeOpSpec,
      status: NodeOpStatus,
      columns: COLUMNS,
    }),
    customResourceDefinition({
      kind: NODE_OP_UPGRADE,
      description: 'Upgrades nodes to an image. A node that does not prove itself stops the rollout.',
      spec: NodeOpUpgradeSpec,
      status: NodeOpUpgradeStatus,
      columns: [{ name: 'Image', type: 'string', jsonPath: '.spec.image' }, ...COLUMNS],
    }),
  ];
}
