import { Command } from '@commander-js/extra-typings';
import { checkSource } from '../../common/cloud-config/check-source.ts';
import type { AgentCommand } from './agent-command.ts';

/** `validate`: checks a cloud-config. */
export const validateCommand: AgentCommand = ({ host, out }) =>
  new Command('validate')
    .description('check a cloud-config')
    .argument('<source>', 'file, URL, or - for standard input')
    .option('--strict', 'treat warnings as errors')
    .option('--json', 'print the findings as JSON')
    .action(async (source, { strict = false, json = false }) => {
      await checkSource(source, host, { strict, json, out });
    });
