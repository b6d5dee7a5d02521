import { Command } from '@commander-js/extra-typings';
import { readSource, requireValid } from '../../common/cloud-config/check-source.ts';
import { renderYaml } from '../../common/cloud-config/render.ts';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from '../config/collect.ts';
import { readAdmitted } from '../config/remote.ts';
import { type InstallRequest, runInstall } from '../deploy/install.ts';
import type { AgentCommand } from './agent-command.ts';

/** `kairos-agent manual-install`. */
export const manualInstallCommand: AgentCommand = (context) =>
  new Command('manual-install')
    .alias('m')
    .description('install this machine according to a configuration')
    .argument('<config>', 'file, URL, or - for standard input')
    .option('--device <device>', 'disk to install to: auto, or /dev/…')
    .option('--source <source>', 'system to install (default: the running one)')
    .option('--use-default-dirs', 'also use the configurations of the live medium, such as /oem')
    .option('--strict', 'also refuse unknown keys')
    .option('--reboot', 'reboot afterwards')
    .option('--poweroff', 'power off afterwards')
    .option('--allow-insecure-registries', 'allow registries without TLS')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .option('--json', 'report progress as JSON lines')
    .action(async (file, options) => {
      const { host } = context;
      const text = await readConfig(host, file);
      const strict = options.strict ?? false;
      // Without --strict, the installation itself reports the keys that it skips and refuses those that it must not skip.
      const unsupported = strict ? 'refuse' : 'ignore';
      requireValid(file, text, { strict, unsupported, warn: (line) => host.log('warn', line) });
      const reader = { name: file, text };
      const own = options.useDefaultDirs ? {} : { directories: [] };
      const { data: config, header } = await collectConfig(host, { ...own, readers: [reader] });
      const request: InstallRequest = {
        config,
        configText: options.useDefaultDirs ? `${header}\n${renderYaml(config)}` : text,
        json: options.json ?? false,
        ...(options.allowInsecureRegistries ? { insecure: true } : {}),
        skipVerify: options.insecureSkipVerify ?? false,
        ...(options.device === undefined ? {} : { device: options.device }),
        ...(options.source === undefined ? {} : { source: options.source }),
        ...(options.poweroff ? { finish: 'poweroff' } : options.reboot ? { finish: 'reboot' } : {}),
      };
      await runInstall(context, request);
    });

async function readConfig(host: Host, file: string): Promise<string> {
  return /^https?:\/\//i.test(file) ? readAdmitted(host, file) : readSource(file, host);
}
