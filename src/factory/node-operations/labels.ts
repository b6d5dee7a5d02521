/** Labels of what the operator makes on behalf of a NodeOp, as upstream's tools select them. */
export const LABEL = {
  /** The name of the NodeOp. */
  nodeOp: 'kairos.io/nodeop',
  /** The name of the node. */
  node: 'kairos.io/node',
  /** `true` on pods that reboot. */
  reboot: 'kairos.io/reboot',
  /** `true` on pods that look before anything is done. */
  preflight: 'kairos.io/preflight',
  /** `true` on pods that run the command of `health`. */
  health: 'kairos.io/health',
  /** `true` on pods that look at what a node runs. */
  facts: 'kairos.io/facts',
  /** On a NodeOp: the NodeOpUpgrade that it belongs to. */
  upgrade: 'nodeopupgrade.kairos.io/name',
} as const;

export const ANNOTATION = {
  /** On a node: `NAMESPACE/NAME@UID` of the NodeOp that has cordoned it, and alone may end that. */
  cordonedBy: 'operator.kairos.io/cordoned-by',
  /** On a reboot pod: `completed` when the node is back. */
  rebootState: 'kairos.io/reboot-state',
  /** On a node: the boot in which its labels were read. */
  labelledBoot: 'operator.kairos.io/labelled-boot',
} as const;

export const FINALIZER = {
  /** A NodeOp that is deleted uncordons first what it has cordoned. */
  uncordon: 'operator.kairos.io/uncordon',
  /** Upstream's operator leaves it on its objects, and nobody but this one is there to remove it. */
  upstream: 'nodeop-reboot.kairos.io/clusterrolebinding',
} as const;
