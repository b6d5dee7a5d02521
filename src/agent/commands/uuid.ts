import { Command } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { AgentCommand } from './agent-command.ts';

/** The firmware's identity stays over a reinstallation; machines without one have that of the installation. */
const PLACES = ['/sys/class/dmi/id/product_uuid', '/etc/machine-id'];

/** `uuid`: prints the identity of this node. */
export const uuidCommand: AgentCommand = ({ host, out }) =>
  new Command('uuid').description('print the identity of this node').action(async () => {
    for (const place of PLACES) {
      // The firmware's can be read by root only.
      const text = (await host.readText(place).catch(() => undefined))?.trim();
      if (text) {
        out(`${text}\n`);
        return;
      }
    }
    throw new FactoryError(
      'MACHINE_ID_MISSING',
      'this node has neither a UUID of its firmware nor a machine-id',
      {
        remedy: 'Run "systemd-machine-id-setup".',
      },
    );
  });
