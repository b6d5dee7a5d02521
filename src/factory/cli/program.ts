import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { toolVersion } from '../pipeline/project-files.ts';
import { COMMANDS, type Task } from './command-list.ts';
import { COMMAND_NAMES, type CommandName } from './command-names.ts';
import { GROUPS } from './option-groups.ts';
import { HELP_FORMAT, helpWidth } from './reference/help-format.ts';
import { requireCommandFirst } from './require-command-first.ts';
import { addVerbosity, applyVerbosity } from './verbosity.ts';

const HELP_OPTION = new Option('-h, --help', 'show this help').helpGroup(GROUPS.general);

/** Commands that print one text, and run nothing. */
const ONLY_TEXT: readonly CommandName[] = ['completion', 'help'];

/**
 * Creates the command line that the arguments need.
 * @param args the arguments of the program. Only the command that they name is loaded; of the others, help and suggestions need
 *   the names alone
 * @throws FactoryError `usage` for options in front of the command
 */
export async function createProgram(args: readonly string[]) {
  const [first] = args;
  if (first === '--version' || first === '-V') return emptyProgram();
  await requireCommandFirst(args);
  const wanted = COMMAND_NAMES.find((name) => name === first);
  if (wanted === undefined) return withCommands(COMMAND_NAMES, async (name) => new Command(name));
  return COMMANDS[wanted].describesAll ? createWholeProgram() : withCommands([wanted], load);
}

/** Creates the command line with the definitions of all commands, for manual pages, completions and documentation. */
export async function createWholeProgram() {
  return withCommands(COMMAND_NAMES, load);
}

async function withCommands(
  names: readonly CommandName[],
  define: (name: CommandName) => Promise<CommandUnknownOpts>,
): Promise<Command> {
  const program = emptyProgram();
  for (const name of names) add(program, name, await define(name));
  // What is wrong before a command is known concerns the list of the commands.
  return program.showHelpAfterError('("kairos-factory help" lists the commands)');
}

async function load(name: CommandName): Promise<CommandUnknownOpts> {
  const command = await COMMANDS[name].load();
  if (!ONLY_TEXT.includes(name)) addVerbosity(command);
  return command;
}

/** Rewrites `help` and `help COMMAND …` to the option `--help`, and an unknown command to the error that suggests another one. */
export function withoutHelpCommand(args: readonly string[]): readonly string[] {
  const [first, name, ...rest] = args;
  if (first !== 'help' || name?.startsWith('-')) return args;
  if (name === undefined) return ['--help'];
  return COMMAND_NAMES.some((each) => each === name) ? [name, ...rest, '--help'] : [name];
}

function emptyProgram(): Command {
  return (
    new Command('kairos-factory')
      .description('Any distro image in; a bootable, immutable, A/B-upgradable Kairos OS out.')
      .optionsGroup(GROUPS.general)
      .version(toolVersion(), '-V, --version', 'print the version of this tool')
      .addHelpOption(HELP_OPTION)
      // A command of the list does it.
      .helpCommand(false)
      // In "build --version v1.2.3", --version is the version of the OS.
      .enablePositionalOptions()
      .hook('preAction', (_, command) => applyVerbosity(command.opts()))
      .exitOverride()
      .showHelpAfterError('(add --help for all options)')
      .showSuggestionAfterError()
      .configureHelp(HELP_FORMAT)
      .configureOutput({
        getOutHelpWidth: () => helpWidth(process.stdout),
        getErrHelpWidth: () => helpWidth(process.stderr),
      })
  );
}

function add(program: CommandUnknownOpts, name: CommandName, command: CommandUnknownOpts): void {
  const { task, summary } = COMMANDS[name];
  command.description(summary).helpGroup(heading(task));
  program.addCommand(command);
  inherit(command, program);
}

function inherit(command: CommandUnknownOpts, from: CommandUnknownOpts): void {
  command.copyInheritedSettings(from);
  for (const below of command.commands) inherit(below, command);
}

function heading(task: Task): string {
  return `${task}:`;
}
