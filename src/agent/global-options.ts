import { type Command, Option } from '@commander-js/extra-typings';

/** Commands that read the configuration of the node, which `--strict-validation` checks first. */
const READERS: readonly string[] = ['install', 'upgrade', 'reset', 'config', 'render-template', 'run-stage'];

// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
type AnyCommand = Command<any, any>;

/**
 * Makes the options of the agent valid behind every command as well, as people write them: `kairos-agent upgrade --debug`. The
 * log reads `--debug` itself, before the command line is parsed.
 */
export function acceptEverywhere(command: AnyCommand): void {
  for (const child of command.commands) {
    child.addOption(new Option('--debug').hideHelp());
    child.addOption(new Option('--strict-validation').hideHelp());
    acceptEverywhere(child);
  }
}

/** Whether a command that is about to run must check the configuration first. */
export function demandsStrictConfig(
  command: AnyCommand,
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const asked =
    command.optsWithGlobals()['strictValidation'] === true ||
    /^(?:1|t|true)$/i.test(env['STRICT_VALIDATIONS'] ?? '');
  const names = [command.name(), command.parent?.name() ?? ''];
  return asked && names.some((name) => READERS.includes(name));
}
