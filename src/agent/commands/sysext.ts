import { Command } from '@commander-js/extra-typings';
import {
  CONFEXT,
  type ExtensionKind,
  SCOPES,
  type Scope,
  SYSEXT,
} from '../../common/contract/extension-kinds.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { installExtension } from '../extensions/install-extension.ts';
import {
  applyNow,
  disableExtension,
  enableExtension,
  findExtension,
  listExtensions,
  removeExtension,
} from '../extensions/store.ts';
import type { AgentCommand, AgentContext } from './agent-command.ts';

/** `sysext`: system extensions, merged into /usr (docs/contract.md 2.7). */
export const sysextCommand: AgentCommand = (context) =>
  extensionCommand(context, SYSEXT, 'system extensions');

/** `confext`: configuration extensions, merged into /etc (docs/contract.md 2.7). */
export const confextCommand: AgentCommand = (context) =>
  extensionCommand(context, CONFEXT, 'configuration extensions');

const NAME_HELP = 'extension name, with or without .raw';
const REMOVE_NOW_HELP = 'remove from the running system immediately';

type ScopeFlags = Readonly<Partial<Record<Scope, boolean>>>;

function extensionCommand({ host, out }: AgentContext, kind: ExtensionKind, plural: string) {
  const command = new Command(kind.name).description(`manage the ${plural} of this node`);
  withScopes(
    command.command('list').description('list the stored extensions and the systems each is enabled for'),
  )
    .option('--json', 'print JSON')
    .exitOverride()
    .action(async (options) => {
      const scopes = chosen(options);
      const all = await listExtensions(host, kind);
      const shown =
        scopes.length === 0 ? all : all.filter((each) => scopes.some((scope) => each.scopes.includes(scope)));
      if (options.json) out(`${JSON.stringify(shown, null, 2)}\n`);
      else out(shown.map(({ name, scopes: of }) => `${[name, of.join(',') || '-'].join('\t')}\n`).join(''));
    });
  withScopes(command.command('install').description('download an extension into the store'))
    .argument('<uri>', 'file:PATH, http(s)://… or oci:IMAGE')
    .option('--now', 'apply to the running system immediately, if enabled for it')
    .option('--insecure-skip-verify', 'skip the trust policy of this node')
    .exitOverride()
    .action(async (uri, options) => {
      const request = { kind, uri, skipVerify: options.insecureSkipVerify };
      for (const name of await installExtension(host, request)) {
        await enableExtension(host, kind, { name, scopes: chosen(options) });
        if (options.now) await applyNow(host, kind, name);
        out(`${name}\n`);
      }
    });
  withScopes(command.command('enable').description('enable an extension from the next boot on'))
    .argument('<name>', NAME_HELP)
    .option('--now', 'apply to the running system immediately')
    .exitOverride()
    .action(async (text, options) => {
      const name = await findExtension(host, kind, text);
      await enableExtension(host, kind, { name, scopes: needed(options) });
      if (options.now) await applyNow(host, kind, name);
    });
  withScopes(command.command('disable').description('disable an extension from the next boot on'))
    .argument('<name>', NAME_HELP)
    .option('--now', REMOVE_NOW_HELP)
    .exitOverride()
    .action(async (text, options) => {
      const name = await findExtension(host, kind, text);
      await disableExtension(host, kind, { name, scopes: needed(options) });
      if (options.now) await applyNow(host, kind, name);
    });
  withScopes(
    command
      .command('remove')
      .description('remove an extension from the store, or with flags disable it for those systems'),
  )
    .argument('<name>', NAME_HELP)
    .option('--now', REMOVE_NOW_HELP)
    .exitOverride()
    .action(async (text, options) => {
      const name = await findExtension(host, kind, text);
      const scopes = chosen(options);
      if (scopes.length > 0) await disableExtension(host, kind, { name, scopes });
      else await removeExtension(host, kind, name);
      if (options.now) await applyNow(host, kind, name);
    });
  return command;
}

/** Adds the flags that all subcommands share. docs/contract.md 2.4 names the boot states. */
function withScopes(command: Command) {
  return command
    .option('--active', 'for the active system')
    .option('--passive', 'for the passive system')
    .option('--recovery', 'for the recovery system')
    .option('--common', 'for all systems');
}

function chosen(flags: ScopeFlags): Scope[] {
  return SCOPES.filter((scope) => flags[scope]);
}

function needed(flags: ScopeFlags): Scope[] {
  const scopes = chosen(flags);
  if (scopes.length > 0) return scopes;
  throw new FactoryError('OPTION_MISSING', 'the system is not specified', {
    remedy: `Add ${SCOPES.map((scope) => `--${scope}`).join(', ')}.`,
  });
}
