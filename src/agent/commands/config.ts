import { Command } from '@commander-js/extra-typings';
import { collectConfig } from '../config/collect.ts';
import { lookUp, renderValue } from '../config/lookup.ts';
import type { AgentCommand } from './agent-command.ts';

/** `config` and `config get KEY`: the merged configuration of this node (docs/contract.md 4.2). */
export const configCommand: AgentCommand = ({ host, out }) => {
  const show = async (json: boolean) => {
    const { data, header, layers } = await collectConfig(host);
    if (json) return out(renderValue(data, { json: true }));
    out([header, ...layers.map(({ name }) => `# from ${name}`), renderValue(data)].join('\n'));
  };
  const command = new Command('config')
    .alias('c')
    .description('print the configuration of this node, merged from all sources')
    .option('--json', 'print JSON')
    .action(async ({ json }) => show(json ?? false));
  command
    .command('show')
    .description('same as "config"')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (_, get) => show(get.optsWithGlobals().json ?? false));
  command
    .command('get')
    .alias('g')
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
