import { FactoryError } from '../../common/errors/factory-error.ts';
import { parseImageReference } from '../../common/oci/registry/image-reference.ts';
import type { Runner, RunResult } from '../tools/runner.ts';
import { runOverSsh, type SshDestination } from '../tools/ssh.ts';
import { checkHealth } from './check-health.ts';
import type { NodeAccess } from './node-access.ts';
import { nodeText, type Observation, parseObservation } from './observation.ts';
import { asRoot, OBSERVE, rebootCommand, upgradeCommand } from './remote-command.ts';
import type { RolloutNode, RolloutSpec } from './schema.ts';

/** Seconds for a look at a node: on a slow one, the agent takes several to mount the slots. */
const LOOK = 120;
const ASK_REBOOT = 30;
/** Lines of a failed command that a message shows. */
const SHOWN_LINES = 5;

/** What the access needs. */
export interface SshAccessOptions {
  readonly runner: Runner;
  readonly spec: Pick<RolloutSpec, 'ssh' | 'health' | 'registries'>;
  /** `REGISTRY/NAME@DIGEST`. */
  readonly pinned: string;
  readonly signal: AbortSignal;
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Reaches nodes over SSH, as the file says. */
export function sshAccess({ runner, spec, pinned, signal, env }: SshAccessOptions): NodeAccess {
  const { registry } = parseImageReference(pinned);
  const insecure = spec.registries.some((entry) => entry.registry === registry && entry.insecure);
  const run = (node: RolloutNode, script: string, timeout: number) =>
    runOverSsh(runner, destinationOf(node, spec.ssh), { command: asRoot(script), timeout });
  return {
    observe: async (node) => observation(node, await run(node, OBSERVE, LOOK)),
    upgrade: async (node, { timeout }) => {
      const result = await run(node, upgradeCommand({ pinned, insecure }), timeout);
      if (result.exitCode !== 0) throw commandFailure('the upgrade failed', result);
    },
    reboot: async (node, bootId) => {
      // A node that goes away at once breaks the connection off: its boot id shows whether it has rebooted.
      await run(node, rebootCommand(bootId), ASK_REBOOT).catch((error: unknown) => {
        if (!(error instanceof FactoryError) || error.code !== 'NODE_UNREACHABLE') throw error;
      });
    },
    health: (node) =>
      checkHealth({
        health: spec.health,
        address: addressOf(node),
        run: (script) => run(node, script, LOOK),
        ...{ signal, env },
      }),
  };
}

/** The address of a node; without one, its name. */
export function addressOf({ name, address = name }: RolloutNode): string {
  return address;
}

function destinationOf(node: RolloutNode, ssh: RolloutSpec['ssh']): SshDestination {
  return {
    address: addressOf(node),
    user: node.user ?? ssh.user,
    port: node.port ?? ssh.port,
    identity: ssh.identity,
    knownHosts: ssh['known-hosts'],
  };
}

function observation(node: RolloutNode, result: RunResult): Observation {
  if (result.exitCode !== 0) {
    // While a node starts or stops, its programs fail in many ways; a later look may succeed.
    throw unreachable(
      `${addressOf(node)} does not show its state: ${lastLines(result).join('; ') || `status ${result.exitCode}`}`,
    );
  }
  const found = parseObservation(result.stdout);
  if (!('problem' in found)) return found;
  throw unreachable(`${addressOf(node)} does not show its state: ${found.problem}`);
}

function unreachable(message: string): FactoryError {
  return new FactoryError('NODE_UNREACHABLE', message, {
    remedy: 'Run "kairos-agent state summary --json" on the node, as the same user with sudo.',
  });
}

function commandFailure(what: string, result: RunResult): FactoryError {
  return new FactoryError('TOOL_FAILED', `${what} with status ${result.exitCode}`, {
    details: lastLines(result),
  });
}

/** The last lines that a command printed, safe to print. */
export function lastLines({ stdout, stderr }: Pick<RunResult, 'stdout' | 'stderr'>): string[] {
  const lines = (stderr.trim() === '' ? stdout : stderr).split('\n').map(nodeText);
  return lines.filter((line) => line !== '').slice(-SHOWN_LINES);
}
