import { Command } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { collectConfig } from '../config/collect.ts';
import { tree } from '../deploy/config-values.ts';
import { runInstall } from '../deploy/install.ts';
import { onConsoles } from '../onboarding/consoles.ts';
import { showBanner } from '../onboarding/show-banner.ts';
import type { AgentCommand } from './agent-command.ts';

/** Milliseconds between two looks for a configuration. */
const PAUSE = 5000;

/** `kairos-agent install` (contract 5.1): what live media run. */
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
          await runInstall({ ...context, host }, { config: data, configText });
          return;
        }
        shown = await showBanner(context.host, shown);
        if (options.once) return;
        await context.host.sleep(PAUSE);
      }
    });
