import { Command } from '@commander-js/extra-typings';
import { lookUp, renderValue } from '../config/lookup.ts';
import { stateTree } from '../config/state-tree.ts';
import { nodeSummary } from '../summary/node-summary.ts';
import { renderSummary } from '../summary/render-summary.ts';
import type { AgentCommand } from './agent-command.ts';
import { refuse } from './unsupported.ts';

/** `state`, `state get KEY` and `state summary`: the state of this node (docs/contract.md 5.1). */
export const stateCommand: AgentCommand = ({ host, out, uid }) => {
  const command = new Command('state')
    .description('print the state of this node: a summary, then boot state, partitions, system')
    .option('--json', 'print JSON')
    .action(async ({ json }) => {
      // Comments: what reads YAML finds the same data as without them.
      if (!json) out(renderSummary(await nodeSummary(host, { uid })).replaceAll(/^(?=.)/gm, '# '));
      out(renderValue(await stateTree(host), { json }));
    });
  command
    .command('summary')
    .description('print which system runs, what the slots hold, and how the last upgrade ended')
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (_, summary) => {
      const { json } = summary.optsWithGlobals();
      const found = await nodeSummary(host, { uid });
      out(json ? renderValue(found, { json }) : renderSummary(found));
    });
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
