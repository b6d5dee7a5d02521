import { Command } from '@commander-js/extra-typings';
import { lookUp, renderValue } from '../config/lookup.ts';
import { stateTree } from '../config/state-tree.ts';
import type { AgentCommand } from './agent-command.ts';
import { refuse } from './unsupported.ts';

/** `state` and `state get KEY`: the state of this node. */
export const stateCommand: AgentCommand = ({ host, out }) => {
  const command = new Command('state')
    .description('print the state of this node: boot state, partitions, system')
    .option('--json', 'print JSON')
    .action(async ({ json }) => out(renderValue(await stateTree(host), { json })));
  command
    .command('get')
    .alias('g')
    .description('print one value of the state')
    .argument('<key>', 'dotted key, such as boot or persistent.mounted')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (key, _, get) => {
      const { json } = get.optsWithGlobals();
      out(renderValue(lookUp(await stateTree(host), key), { json }));
    });
  command
    .command('apply')
    .alias('a')
    .description('not supported: it has no effect upstream either')
    .exitOverride()
    .action(() =>
      refuse({
        name: 'state apply',
        reason: "it has no effect in upstream's agent either",
        remedy: 'Run the steps of a stage with "kairos-agent run-stage STAGE".',
      }),
    );
  return command;
};
