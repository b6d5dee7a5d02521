import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { Command } from '@commander-js/extra-typings';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { templateData } from '../facts/template-data.ts';
import type { AgentCommand } from './agent-command.ts';

/** `render-template -f FILE`: what a template comes to on this node. */
export const renderTemplateCommand: AgentCommand = ({ host, out }) =>
  new Command('render-template')
    .description('expand a template with the values of this node')
    .requiredOption('-f, --file <file>', 'the template; - for standard input')
    .action(async ({ file }) => {
      const source = await readTemplate(host, file);
      out(expandTemplate(source, await templateData(host), { env: host.env, now: host.now }));
    });

/** @throws FactoryError `usage` when there is no such file */
async function readTemplate(host: Host, file: string): Promise<string> {
  if (file === '-') return text(process.stdin);
  const source = await host.readText(resolve(file));
  if (source !== undefined) return source;
  throw new FactoryError('FILE_NOT_FOUND', `there is no file ${file}`, {
    remedy: 'Name a template that exists, or - for standard input.',
  });
}
