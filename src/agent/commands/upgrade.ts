import { Command, Option } from '@commander-js/extra-typings';
import type { Host } from '../../common/host/host.ts';
import { collectConfig } from '../config/collect.ts';
import { planUpgrade } from '../deploy/plan-upgrade.ts';
import { runUpgrade } from '../deploy/upgrade.ts';
import type { AgentCommand } from './agent-command.ts';
import { listReleasesCommand } from './list-releases.ts';

/** `kairos-agent upgrade` (docs/contract.md 5.4). */
export const upgradeCommand: AgentCommand = (context) =>
  new Command('upgrade')
    .description('install a new system next to this one and boot it next; a failed first boot falls back')
    .argument('[source]', 'same as --source (deprecated)')
    .option('--source <source>', 'oci:REGISTRY/NAME:TAG, ocifile:FILE, dir:DIRECTORY or file:IMAGE')
    .option('--image <reference>', 'same as --source oci:REFERENCE (deprecated)')
    .option('--recovery', 'upgrade the recovery system instead of the active one')
    .addOption(new Option('--boot-entry <entry>', 'system to upgrade').choices(['active', 'recovery']))
    .option('--exclude-path <path>', 'exclude a path of a directory source (repeatable)', collect, [])
    .option('--allow-insecure-registries', 'allow registries without TLS')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .option('--reboot', 'reboot afterwards')
    .option('--poweroff', 'power off afterwards')
    .option('--force', 'ignored: an upgrade never compares versions')
    .option('--pre', 'ignored: an upgrade installs its source, whatever its version')
    .option('--dry-run', 'resolve and verify the source, print what would be done, and change nothing')
    .option('--json', 'report progress as JSON lines, and the result of --dry-run as JSON')
    .action(async (positional, options) => {
      const { host } = context;
      const { data } = await collectConfig(host);
      warnOfIgnored(host, options);
      const source = sourceOf(positional, options);
      const recovery = options.recovery ?? options.bootEntry === 'recovery';
      const finish = options.poweroff ? 'poweroff' : options.reboot ? 'reboot' : undefined;
      const perform = options.dryRun ? planUpgrade : runUpgrade;
      await perform(context, {
        config: data,
        exclude: options.excludePath,
        skipVerify: options.insecureSkipVerify ?? false,
        json: options.json ?? false,
        ...(source === undefined ? {} : { source }),
        ...(recovery ? { recovery } : {}),
        ...(options.allowInsecureRegistries ? { insecure: true } : {}),
        ...(finish === undefined ? {} : { finish }),
      });
    })
    .addCommand(listReleasesCommand(context));

function collect(value: string, previous: string[]): string[] {
  return [...previous, value];
}

/** Flags of upstream that scripts use. */
function warnOfIgnored(host: Host, flags: { readonly force?: true; readonly pre?: true }): void {
  for (const name of ['force', 'pre'] as const) {
    if (flags[name]) host.log('warn', `--${name} has no effect`);
  }
}

function sourceOf(
  positional: string | undefined,
  { source, image }: { readonly source?: string; readonly image?: string },
): string | undefined {
  return source ?? (image === undefined ? positional : `oci:${image}`);
}
