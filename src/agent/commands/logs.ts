import { resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { collectConfig } from '../config/collect.ts';
import { collectLogs, type LogExtras } from '../logs/collect-logs.ts';
import type { AgentCommand } from './agent-command.ts';

/** `logs`: an archive for problem reports, without secrets. */
export const logsCommand: AgentCommand = ({ host, out }) =>
  new Command('logs')
    .description('collect logs, configuration and facts of this node, without secrets')
    .option('-o, --output <file>', 'archive to write', 'kairos-logs.tar.gz')
    .action(async ({ output }) => {
      const file = resolve(output);
      const { data } = await collectConfig(host, { fetch: 'never' });
      const directory = await host.temporary('kairos-logs-');
      const unfinished = `${file}.unfinished`;
      try {
        const collected = await collectLogs(host, extrasOf(data['logs']));
        for (const { path, text } of collected) await host.write(`${directory}/kairos-logs/${path}`, text);
        await host.write(unfinished, '', { mode: 0o600 });
        await host.run('tar', ['-czf', unfinished, '-C', directory, 'kairos-logs']);
        await host.rename(unfinished, file);
      } finally {
        await host.remove(unfinished);
        await host.remove(directory);
      }
      out(`${file}\n`);
    });

function extrasOf(logs: unknown): LogExtras {
  const { journal, files } = (typeof logs === 'object' && logs !== null ? logs : {}) as Record<
    string,
    unknown
  >;
  return { journal: texts(journal), files: texts(files) };
}

function texts(value: unknown): string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}
