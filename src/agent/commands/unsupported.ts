import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { AgentCommand } from './agent-command.ts';

/** A command of upstream's agent that this one does not have. */
interface Unsupported {
  readonly name: string;
  readonly alias?: string;
  /** Why it is missing, as a clause. */
  readonly reason: string;
  /** What to do instead, as a sentence. */
  readonly remedy: string;
}

const UNSUPPORTED: readonly Unsupported[] = [
  {
    name: 'start',
    alias: 's',
    reason: 'this agent has no mesh network between nodes',
    remedy: 'Configure k3s or k0s; the agent sets them up at every boot.',
  },
  {
    name: 'notify',
    reason: 'this agent does not call provider plugins',
    remedy: 'Run the steps of a stage with "kairos-agent run-stage STAGE".',
  },
  {
    name: 'recovery',
    alias: 'r',
    reason: 'this agent has no remote recovery by QR code',
    remedy: 'Boot the recovery system with "kairos-agent bootentry --select recovery", and log in over SSH.',
  },
  {
    name: 'webui',
    alias: 'w',
    reason: 'this agent has no web interface',
    remedy: 'Use "kairos-agent interactive-install", or "kairos-agent manual-install CONFIG".',
  },
  {
    name: 'versioneer',
    reason: 'the names of images are made by the tool that builds them',
    remedy: 'List the images of a node with "kairos-agent upgrade list-releases".',
  },
  {
    name: 'phone-home',
    reason: 'this agent has no client for a fleet server',
    remedy: 'Put a management agent of your choice into the image.',
  },
  {
    name: 'kcrypt',
    reason: 'this agent does not encrypt partitions',
    remedy: "Use an image with upstream's agent for encrypted partitions.",
  },
];

/** The commands of upstream that fail with the reason, so that scripts get more than "unknown command" (docs/contract.md 5.1). */
export const unsupportedCommands: readonly AgentCommand[] = UNSUPPORTED.map((entry) => () => {
  const command = new Command(entry.name)
    .argument('[arguments...]')
    .allowUnknownOption()
    .description(`not supported: ${entry.reason}`)
    .action(() => refuse(entry));
  return entry.alias === undefined ? command : command.alias(entry.alias);
});

/** @throws FactoryError `usage` with the reason */
export function refuse({ name, reason, remedy }: Unsupported): never {
  throw new FactoryError('COMMAND_UNSUPPORTED', `"${name}" is not supported, because ${reason}`, { remedy });
}
