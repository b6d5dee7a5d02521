import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { Command } from '@commander-js/extra-typings';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from '../config/collect.ts';
import { stateTree } from '../config/state-tree.ts';
import { templateData } from '../facts/template-data.ts';
import type { AgentCommand } from './agent-command.ts';

/** `render-template -f FILE`: expands a template with the values, the merged configuration and the
 * state of this node. */
export const renderTemplateCommand: AgentCommand = ({ host, out }) =>
  new Command('render-template')
    .description('expand a template with the values of this node')
    .requiredOption('-f, --file <file>', 'template; - for standard input')
    .action(async ({ file }) => {
      const source = await readTemplate(host, file);
      const [values, config, state] = await Promise.all([
        templateData(host),
        // Not without need: it may fetch URLs.
        source.includes('.Config') ? collectConfig(host).then(({ data }) => data) : {},
        source.includes('.State') ? stateTree(host) : {},
      ]);
      const data = { ...values, Config: config, State: state };
      out(expandTemplate(source, data, { env: host.env, now: host.now }));
    });

/** @throws FactoryError `usage` when the file does not exist */
async function readTemplate(host: Host, file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  const source = await host.readText(resolve(file));
  if (source !== undefined) return source;
  throw new FactoryError('FILE_NOT_FOUND', `${file} does not exist`, {
    remedy: 'Give an existing template, or - for standard input.',
  });
}
