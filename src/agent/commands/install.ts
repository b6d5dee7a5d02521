import { Command } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from '../config/collect.ts';
import { tree } from '../deploy/config-values.ts';
import { runInstall } from '../deploy/install.ts';
import { consoleWriter, onConsoles } from '../onboarding/consoles.ts';
import { showBanner } from '../onboarding/show-banner.ts';
import type { AgentCommand } from './agent-command.ts';

/** Milliseconds between two looks for a configuration. */
const PAUSE = 5000;
/** What `createLog` writes for this command. */
const LOG = '/var/log/kairos/install.log';

/** `kairos-agent install`: what live media run. */
export const installCommand: AgentCommand = (context) =>
  new Command('install')
    .description('install by itself as soon as a configuration says so; until then, show how to go on')
    .option('--once', 'do not wait for a configuration')
    .action(async (options) => {
      const host = await onConsoles(context.host);
      let shown: string | undefined;
      for (;;) {
        const { data, header } = await collectConfig(context.host);
        if (tree(data['install'])['auto'] === true) {
          const configText = `${header}\n${stringify(data)}`;
          try {
            await runInstall({ ...context, host }, { config: data, configText });
          } catch (error) {
            await reportFailure(context.host, error);
            throw error;
          }
          return;
        }
        shown = await showBanner(context.host, shown);
        if (options.once) return;
        await context.host.sleep(PAUSE);
      }
    });

/** Nobody sees the journal of a machine that does not get installed: its consoles say why (docs/contract.md 5.3). */
async function reportFailure(host: Host, error: unknown): Promise<void> {
  const print = await consoleWriter(host);
  print(`error: ${messageOf(error)}`);
  if (error instanceof FactoryError) {
    for (const line of error.details) print(`error:   ${line}`);
    if (error.remedy !== undefined) print(`to do: ${error.remedy}`);
    print(`code: ${error.code}`);
  }
  print(`The installation has failed, and the machine stays on. Its log is ${LOG}.`);
}
