import { Command, type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { toolVersion } from '../pipeline/project-files.ts';
import { COMMAND_NAMES, COMMANDS, type CommandName, type Task } from './command-list.ts';
import { GROUPS } from './option-groups.ts';
import { HELP_FORMAT, helpWidth } from './reference/help-format.ts';

const HELP_OPTION = new Option('-h, --help', 'show this help').helpGroup(GROUPS.general);

/**
 * Creates the command line that the arguments need.
 * @param args the arguments of the program. Only the command that they name is loaded; of the others, help and suggestions need
 *   the names alone
 */
export async function createProgram(args: readonly string[]) {
  const program = emptyProgram();
  const [wanted] = args;
  if (wanted === '--version' || wanted === '-V') return program;
  const named = COMMAND_NAMES.filter((name) => name === wanted);
  const names = named.length > 0 ? named : COMMAND_NAMES;
  for (const name of names) {
    add(program, name, name === wanted ? await COMMANDS[name].load() : new Command(name));
  }
  return program;
}

/** Creates the command line with the definitions of all commands, for manual pages, completions and documentation. */
export async function createWholeProgram() {
  const program = emptyProgram();
  for (const name of COMMAND_NAMES) add(program, name, await COMMANDS[name].load());
  return program;
}

/** Rewrites `help COMMAND …` to `COMMAND … --help`, and an unknown command to the error that suggests another one. */
export function withoutHelpCommand(args: readonly string[]): readonly string[] {
  const [first, name, ...rest] = args;
  if (first !== 'help' || name === undefined || name.startsWith('-')) return args;
  return COMMAND_NAMES.some((each) => each === name) ? [name, ...rest, '--help'] : [name];
}

function emptyProgram(): Command {
  return (
    new Command('kairos-factory')
      .description('Any distro image in; a bootable, immutable, A/B-upgradable Kairos OS out.')
      .optionsGroup(GROUPS.general)
      .version(toolVersion(), '-V, --version', 'print the version of this tool')
      .addHelpOption(HELP_OPTION)
      .addHelpCommand(helpCommand())
      // In "build --version v1.2.3", --version is the version of the OS.
      .enablePositionalOptions()
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

function helpCommand(): Command {
  const command: CommandUnknownOpts = new Command('help').argument('[command]', 'a command');
  return command.description('show the help of a command').helpGroup(heading('Explain')) as Command;
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
