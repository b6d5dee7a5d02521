import { Command } from '@commander-js/extra-typings';
import { lookUp, renderValue } from '../config/lookup.ts';
import { stateTree } from '../config/state-tree.ts';
import type { AgentCommand } from './agent-command.ts';

/** `state` and `state get KEY`: what this node is and has. */
export const stateCommand: AgentCommand = ({ host, out }) => {
  const command = new Command('state')
    .description('print what this node is and has')
    .option('--json', 'print JSON')
    .action(async ({ json }) => out(renderValue(await stateTree(host), json ?? false)));
  command
    .command('get')
    .description('print one value of it')
    .argument('<key>', 'dotted, such as boot or persistent.mounted')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (key, _, get) => {
      const { json } = get.optsWithGlobals();
      out(renderValue(lookUp(await stateTree(host), key), json ?? false));
    });
  return command;
};
