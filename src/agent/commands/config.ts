import { Command } from '@commander-js/extra-typings';
import { collectConfig } from '../config/collect.ts';
import { lookUp, renderValue } from '../config/lookup.ts';
import type { AgentCommand } from './agent-command.ts';

/** `config` and `config get KEY`: the merged configuration of this node (docs/contract.md 4.2). */
export const configCommand: AgentCommand = ({ host, out }) => {
  const command = new Command('config')
    .description('print the configuration of this node, merged from all sources')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      const { data, header, layers } = await collectConfig(host);
      if (json) return out(renderValue(data, { json: true }));
      out([header, ...layers.map(({ name }) => `# from ${name}`), renderValue(data)].join('\n'));
    });
  command
    .command('get')
    .description('print one value of the configuration')
    .argument('<key>', 'dotted key, such as install.device, users[0].name or options.NAME')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (key, _, get) => {
      const { json } = get.optsWithGlobals();
      out(renderValue(lookUp((await collectConfig(host)).data, key), { json }));
    });
  return command;
};
