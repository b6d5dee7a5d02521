import type { Argument, Command, Option } from '@commander-js/extra-typings';
import type { Completed, CompletedCommand, CompletedOption } from '../../common/completion/completion.ts';
import { pathOf } from '../root-commands.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
type AnyCommand = Command<any, any>;

const FILE: Completed = { kind: 'file' };
const DIRECTORY: Completed = { kind: 'directory' };
const TEXT: Completed = { kind: 'text' };

/** Options and arguments that take a path; others without choices take anything. */
const PATHS: Readonly<Record<string, Completed>> = {
  '--source': FILE,
  '--exclude-path': FILE,
  '--cloud-init-paths': FILE,
  '--override-cloud-init-paths': FILE,
  '--root-path': DIRECTORY,
  'logs --output': FILE,
  'manual-install <config>': FILE,
  'validate <source>': FILE,
  'render-template --file': FILE,
  'pull-image <directory>': DIRECTORY,
  'make-initramfs <output>': FILE,
};

/** Describes a program and its commands, itself first, by what help is made from. What is not supported is not offered. */
export function completedCommands(command: AnyCommand): CompletedCommand[] {
  const below = command.commands.filter(
    (each: AnyCommand) => !each.description().startsWith('not supported'),
  );
  const path = pathOf(command);
  const own: CompletedCommand = {
    path,
    options: command
      .createHelp()
      .visibleOptions(command)
      .map((option: Option) => completedOption(path, option)),
    arguments: command.registeredArguments.map((argument: Argument) => ({
      name: argument.name(),
      value: chosen(argument.argChoices) ?? PATHS[`${path} <${argument.name()}>`] ?? TEXT,
      isRepeated: argument.variadic,
    })),
    commands: below.map((each: AnyCommand) => ({ name: each.name(), summary: each.description() })),
  };
  return [own, ...below.flatMap(completedCommands)];
}

function completedOption(path: string, option: Option): CompletedOption {
  const { short, long = option.flags } = option;
  const value = chosen(option.argChoices) ?? PATHS[`${path} ${long}`] ?? PATHS[long] ?? TEXT;
  return {
    names: [short, long].filter((name) => name !== undefined),
    description: option.description,
    isOptional: option.optional,
    ...(option.required || option.optional ? { value } : {}),
  };
}

function chosen(words: readonly string[] | undefined): Completed | undefined {
  return words && { kind: 'words', words, isList: false };
}
