import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { AgentCommand } from './agent-command.ts';

/** The firmware's UUID survives a reinstallation; machines without one use the id of the installation. */
const PLACES = ['/sys/class/dmi/id/product_uuid', '/etc/machine-id'];

/** `uuid`: prints the UUID of this node. */
export const uuidCommand: AgentCommand = ({ host, out }) =>
  new Command('uuid').description('print the UUID of this node').action(async () => {
    for (const place of PLACES) {
      // Only root can read the firmware's UUID.
      const text = (await host.readText(place).catch(() => undefined))?.trim();
      if (text) {
        out(`${text}\n`);
        return;
      }
    }
    throw new FactoryError('MACHINE_ID_MISSING', 'this node has neither a firmware UUID nor a machine-id', {
      remedy: 'Run "systemd-machine-id-setup".',
    });
  });
