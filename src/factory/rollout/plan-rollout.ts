import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { NodeAccess } from './node-access.ts';
import { nodeText } from './observation.ts';
import type { RolloutNode, RolloutSpec } from './schema.ts';
import type { RolloutState, System } from './state.ts';
import { planWaves } from './waves.ts';

/** A node as the plan finds it: its system, or why it could not be reached. */
export type Survey = ReadonlyMap<string, System | { readonly problem: string }>;

/** How many nodes are asked at the same time: each is a process of ssh. */
const AT_ONCE = 16;

/** Asks every node which system it runs. A node that does not answer is part of the result. */
export async function surveyNodes(nodes: readonly RolloutNode[], access: NodeAccess): Promise<Survey> {
  const found = new Map<string, System | { readonly problem: string }>();
  const queue = [...nodes];
  const work = async () => {
    for (let node = queue.shift(); node !== undefined; node = queue.shift())
      found.set(node.name, await survey(node, access));
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return found;
}

async function survey(node: RolloutNode, access: NodeAccess): Promise<System | { readonly problem: string }> {
  try {
    return (await access.observe(node)).running;
  } catch (error) {
    if (!(error instanceof FactoryError) || error.kind === 'interrupted' || error.kind === 'tool')
      throw error;
    return { problem: nodeText(messageOf(error)) };
  }
}

/**
 * Requires that a state was planned from the file as it is now.
 * @throws FactoryError `usage` when image, nodes or waves differ
 */
export function requireSamePlan({ plan }: RolloutState, spec: RolloutSpec, image: string): void {
  const waves = planWaves(spec.nodes, spec.waves);
  const what =
    plan.image === image
      ? JSON.stringify(plan.waves) === JSON.stringify(waves)
        ? undefined
        : 'its nodes or waves have'
      : 'its image has';
  if (what === undefined) return;
  throw new FactoryError('ROLLOUT_UNPLANNED', `${what} changed since the rollout was planned`, {
    remedy: 'Plan again with "rollout plan"; nodes that have the image are not upgraded again.',
  });
}
