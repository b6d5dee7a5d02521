import { Command } from '@commander-js/extra-typings';
import { renderYaml } from '../../common/cloud-config/render.ts';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from '../config/collect.ts';
import { installMistakes } from '../config/install-mistakes.ts';
import { tree } from '../deploy/config-values.ts';
import { runInstall } from '../deploy/install.ts';
import { errorLines, explainOnNode } from '../host/error-lines.ts';
import { consoleWriter, onConsoles } from '../onboarding/consoles.ts';
import { showBanner } from '../onboarding/show-banner.ts';
import type { AgentCommand } from './agent-command.ts';

/** Milliseconds between two checks for a configuration. */
const PAUSE = 5000;
/** The log file that `createLog` opens for this command. */
const LOG = '/var/log/kairos/install.log';

/** `kairos-agent install`: the automatic installation that live media run. */
export const installCommand: AgentCommand = (context) =>
  new Command('install')
    .alias('i')
    .description('install as soon as a configuration sets install.auto; until then, show how to proceed')
    .option('--once', 'do not wait for a configuration')
    .option(
      '--source <source>',
      'system to install (default: the one of the configuration, or the running one)',
    )
    .option('--allow-insecure-registries', 'allow registries without TLS')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .action(async (options) => {
      const { source, allowInsecureRegistries: insecure, insecureSkipVerify: skipVerify } = options;
      const request = {
        ...(source === undefined ? {} : { source }),
        ...(insecure ? { insecure } : {}),
        ...(skipVerify ? { skipVerify } : {}),
      };
      const host = await onConsoles(context.host);
      let shown: string | undefined;
      for (;;) {
        const { data, header, layers, problems } = await collectConfig(context.host);
        if (tree(data['install'])['auto'] === true) {
          const configText = `${header}\n${renderYaml(data)}`;
          try {
            await runInstall({ ...context, host }, { config: data, configText, ...request });
          } catch (error) {
            await reportFailure(context.host, error);
            throw error;
          }
          return;
        }
        shown = await showBanner(context.host, { shown, mistakes: installMistakes(layers, problems) });
        if (options.once) return;
        await context.host.sleep(PAUSE);
      }
    });

/** Nobody sees the journal of a machine whose installation fails: its consoles show the error (docs/contract.md 5.3). */
async function reportFailure(host: Host, error: unknown): Promise<void> {
  const print = await consoleWriter(host);
  const [first, ...others] = errorLines(explainOnNode(error));
  print(`error: ${first}`);
  for (const line of others) print(line);
  print(`The installation failed; the machine stays on. The log is in ${LOG}.`);
}
