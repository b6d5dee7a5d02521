import { Command } from '@commander-js/extra-typings';
import { cloudConfigJsonSchema } from '../../common/cloud-config/json-schema.ts';
import type { AgentCommand } from './agent-command.ts';

/** `print-schema`: the JSON Schema of cloud-configs (docs/contract.md 4.10). */
export const printSchemaCommand: AgentCommand = ({ out }) =>
  new Command('print-schema')
    .description('print the JSON Schema of cloud-configs')
    .option('--version <version>', 'version to put into the schema')
    .action(({ version }) => out(`${JSON.stringify(cloudConfigJsonSchema(version), null, 2)}\n`));
