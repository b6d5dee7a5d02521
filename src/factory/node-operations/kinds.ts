import type { Kind } from '../kubernetes/kinds.ts';

const API = 'operator.kairos.io/v1alpha1';

/** Runs a command on nodes. */
export const NODE_OP: Kind = { apiVersion: API, kind: 'NodeOp', plural: 'nodeops', namespaced: true };
/** Upgrades nodes to an image. */
export const NODE_OP_UPGRADE: Kind = {
  ...{ apiVersion: API, kind: 'NodeOpUpgrade', plural: 'nodeopupgrades', namespaced: true },
};
