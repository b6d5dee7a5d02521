import { Command } from '@commander-js/extra-typings';
import { AGENT_VERSION } from './agent-version.ts';
import { COMMAND_LIST } from './command-list.ts';
import type { AgentCommand, AgentContext } from './commands/agent-command.ts';
import { acceptEverywhere, demandsStrictConfig } from './global-options.ts';
import { useProxies } from './network/proxies.ts';
import { requireRoot } from './root-commands.ts';

/** What a process loads for itself. */
interface ProgramOptions {
  /** The arguments of the process: if they call a command, only that one is loaded. All are loaded without them. */
  readonly args?: readonly string[];
}

/** Commands that describe the others. */
const DESCRIBING = ['completion', 'help'];

/** Options of the program that may be in front of a command. */
const EVERYWHERE = ['--debug', '--strict-validation'];

/** The commands that a process needs. */
async function neededCommands({ args }: ProgramOptions): Promise<AgentCommand[]> {
  const called = args?.find((word) => !EVERYWHERE.includes(word));
  if (called === '--version' || called === '-v') return [];
  const one = COMMAND_LIST.find(({ names }) => names.includes(called ?? ''));
  if (one !== undefined && !one.names.some((name) => DESCRIBING.includes(name))) return [await one.load()];
  const { unsupportedCommands } = await import('./commands/unsupported.ts');
  return [...(await Promise.all(COMMAND_LIST.map(({ load }) => load()))), ...unsupportedCommands];
}

/** Builds the command line of the agent from its commands (docs/contract.md 5.1). */
export async function createAgentProgram(
  context: AgentContext,
  options: ProgramOptions = {},
): Promise<Command> {
  const program = new Command('kairos-agent')
    .description('Installs, configures, upgrades and resets a Kairos node.')
    .version(`v${AGENT_VERSION}`, '-v, --version', 'print the version of the agent')
    .option('--debug', 'show debug messages, such as every program that is run')
    .option(
      '--strict-validation',
      'refuse a configuration with values of wrong types; also $STRICT_VALIDATIONS',
    )
    .exitOverride()
    .showHelpAfterError('(add --help for all options)')
    .showSuggestionAfterError();
  for (const command of await neededCommands(options)) program.addCommand(command(context).exitOverride());
  acceptEverywhere(program);
  program.hook('preAction', async (_, command) => {
    requireRoot(command, context.uid);
    await useProxies(context.host);
    if (!demandsStrictConfig(command, context.host.env)) return;
    const { requireStrictConfig } = await import('./config/strict-validation.ts');
    await requireStrictConfig(context.host);
  });
  return program;
}
