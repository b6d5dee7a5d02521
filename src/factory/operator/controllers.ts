import { loadVerifyPolicy } from '../deliver/publish/verify-policy.ts';
import { verifyRegistryImage } from '../deliver/publish/verify-registry-image.ts';
import { createFarmController } from '../farm/farm-controller.ts';
import { OS_ARTIFACT } from '../farm/kinds.ts';
import { placesOfBuilds } from '../farm/places-of-builds.ts';
import type { RegistryAccess } from '../inputs/base/resolve-image.ts';
import type { Controller } from '../kubernetes/controller.ts';
import { KIND, type Kind } from '../kubernetes/kinds.ts';
import { NODE_OP, NODE_OP_UPGRADE } from '../node-operations/kinds.ts';
import { nodeLabelController } from '../node-operations/node-label-controller.ts';
import { nodeOpController } from '../node-operations/node-op-controller.ts';
import { nodeOpUpgradeController } from '../node-operations/node-op-upgrade-controller.ts';
import type { PinnedImage } from '../node-operations/upgrade-operation.ts';
import { askStatus } from '../rollout/ask-status.ts';
import { pinImage } from '../rollout/pin-image.ts';
import type { ControllerPorts } from './run-operator.ts';

/** What people set for all objects of the cluster. */
export interface OperatorSettings {
  /** The container image of this program, which builds run in; without it, nothing is built. */
  readonly image?: string | undefined;
  /** Builds at the same time; others wait. */
  readonly maxBuilds: number;
  /** Of a NodeOp that names none. */
  readonly commandImage: string;
  /** Of pods that reboot after such a NodeOp: it needs a shell and nsenter. */
  readonly helperImage: string;
  /** The only namespace that is looked after; all without it. */
  readonly watched?: string | undefined;
  /** Where the pods are made that look at nodes to label them. */
  readonly namespace: string;
  /** A policy that an OS image has to satisfy before a node is upgraded to it: a file, or the trust directory of a node. */
  readonly trustPolicy?: string | undefined;
  /** How registries are reached. */
  readonly access: RegistryAccess & { readonly signal: AbortSignal };
  readonly log: (line: string) => void;
}

/** The kinds that the controllers read or write. */
export const OPERATOR_KINDS: readonly Kind[] = [
  ...Object.values(KIND),
  NODE_OP,
  NODE_OP_UPGRADE,
  OS_ARTIFACT,
];

/** Makes all controllers. */
export function operatorControllers(
  ports: ControllerPorts,
  settings: OperatorSettings,
): readonly Controller[] {
  const { image, maxBuilds, commandImage, helperImage, namespace, watched, access } = settings;
  const context = {
    ...ports,
    images: { command: commandImage, helper: helperImage },
    now: () => Date.now(),
    ask: (url: string) => askStatus(url, access),
  };
  const farm =
    image === undefined
      ? []
      : [
          createFarmController({
            ...context,
            image,
            places: placesOfBuilds({ api: ports.api, maxBuilds, namespace: watched }),
          }),
        ];
  return [
    ...farm,
    nodeLabelController({ ...context, namespace, image: commandImage }),
    nodeOpController(context),
    nodeOpUpgradeController({ ...context, pinImage: (name) => admitImage(name, settings) }),
  ];
}

/**
 * Resolves an image to its digest, and verifies its signatures where the operator has a policy: a pod of an upgrade has all rights of
 * its node, so that a verification in it would come too late.
 * @throws FactoryError `verification` when the policy rejects the image, `step` when the registry does not have it
 */
async function admitImage(
  image: string,
  { access, trustPolicy, log }: OperatorSettings,
): Promise<PinnedImage> {
  const { pinned, digests } = await pinImage(image.replace(/^oci:/, ''), access, log);
  if (trustPolicy === undefined) return { pinned, digests };
  // Read each time: a key that was replaced counts at once.
  const policy = await loadVerifyPolicy(trustPolicy, access.runner);
  await verifyRegistryImage(pinned, { access, policy, content: false, signal: access.signal, say: log });
  return { pinned, digests };
}
