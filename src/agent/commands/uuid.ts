import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { nodeUuid } from '../facts/node-uuid.ts';
import type { AgentCommand } from './agent-command.ts';

/** `uuid`: prints the name of this node (docs/contract.md 5.1). */
export const uuidCommand: AgentCommand = ({ host, out }) =>
  new Command('uuid')
    .alias('u')
    .description('print the machine id and the host name of this node')
    .action(async () => {
      const uuid = await nodeUuid(host);
      if (uuid !== undefined) return out(`${uuid}\n`);
      throw new FactoryError('MACHINE_ID_MISSING', 'this node has no machine-id', {
        remedy: 'Run "systemd-machine-id-setup".',
      });
    });
