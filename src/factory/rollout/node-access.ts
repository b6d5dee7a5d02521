import type { Observation } from './observation.ts';
import type { RolloutNode } from './schema.ts';

/**
 * All access to nodes that a rollout has. Each method throws FactoryError `NODE_UNREACHABLE` when a later attempt may succeed, and
 * another error when none will.
 */
export interface NodeAccess {
  /** Asks a node which boot, slot and system it is in. */
  observe(node: RolloutNode): Promise<Observation>;
  /**
   * Makes the agent write the image to the node, and returns when it is in the active slot.
   * @param options.timeout seconds
   */
  upgrade(node: RolloutNode, options: { readonly timeout: number }): Promise<void>;
  /** Asks the node to reboot, unless it is in another boot by then; it may go away before it can answer. */
  reboot(node: RolloutNode, bootId: string): Promise<void>;
  /** Returns what is not healthy, one sentence each. */
  health(node: RolloutNode): Promise<readonly string[]>;
}

/** The time; tests have their own. */
export interface Clock {
  /** Milliseconds that only go forward, and stand still while this machine sleeps. */
  now(): number;
  /** @param seconds how long; throws the reason of an abort */
  sleep(seconds: number): Promise<void>;
}
