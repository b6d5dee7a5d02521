import type { Argument, CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import type { Guide } from './guide.ts';
import { guideOf, pathOf } from './guide-of.ts';
import { ARGUMENT_VALUES, OPTION_VALUES, type Values } from './option-values.ts';

/** An option as manual pages, documentation and completions show it. */
export interface DescribedOption {
  /** Its names, without what it takes. */
  readonly names: readonly string[];
  /** As in help: `-o, --output <dir>`. */
  readonly flags: string;
  readonly description: string;
  /** What it takes; absent for a switch. */
  readonly values?: Values;
  /** Whether the value may be left out. */
  readonly isOptional: boolean;
}

/** An argument of a command. */
export interface DescribedArgument {
  readonly name: string;
  readonly description: string;
  readonly values: Values;
  /** Whether it may be given several times. */
  readonly isRepeated: boolean;
}

/** A command with everything that describes it: the one source of manual pages, documentation and completions. */
export interface DescribedCommand {
  /** The words that call it, such as `flavors show`; empty for the program. */
  readonly path: string;
  readonly summary: string;
  /** As in help: `kairos-factory build [options]`. */
  readonly usage: string;
  /** The heading in the list of commands, without its colon. */
  readonly task: string;
  readonly arguments: readonly DescribedArgument[];
  readonly groups: readonly { readonly heading: string; readonly options: readonly DescribedOption[] }[];
  readonly guide?: Guide;
  readonly commands: readonly DescribedCommand[];
}

/** What has no row in the tables of values yet; test/checks/commands.test.ts reports it. */
export const UNKNOWN: Values = { kind: 'text' };

/** Describes a command and those below it. */
export function describeCommand(command: CommandUnknownOpts): DescribedCommand {
  const helper = command.createHelp();
  const options = helper.visibleOptions(command);
  const headings = [...new Set(options.map(headingOf))];
  const guide = guideOf(command);
  return {
    path: pathOf(command),
    summary: command.description(),
    usage: helper.commandUsage(command).replace(/\s+/g, ' '),
    task: command.helpGroup().replace(/:$/, ''),
    arguments: command.registeredArguments.map((argument) => describeArgument(command, argument)),
    groups: headings.map((heading) => ({
      heading: heading.replace(/:$/, ''),
      options: options
        .filter((option) => headingOf(option) === heading)
        .map((option) => ({
          names: [option.short, option.long].filter((name) => name !== undefined),
          flags: option.flags,
          description: helper.optionDescription(option),
          isOptional: option.optional,
          ...(option.required || option.optional ? { values: valuesOf(command, option) } : {}),
        })),
    })),
    ...(guide === undefined ? {} : { guide }),
    commands: command.commands.map(describeCommand),
  };
}

/** All options of a command, whatever their group. */
export function optionsOf({ groups }: DescribedCommand): DescribedOption[] {
  return groups.flatMap(({ options }) => options);
}

function headingOf({ helpGroupHeading = 'Options:' }: Option): string {
  return helpGroupHeading;
}

function describeArgument(command: CommandUnknownOpts, argument: Argument): DescribedArgument {
  const { description, variadic } = argument;
  const name = argument.name();
  return { name, description, isRepeated: variadic, values: argumentValues(command, argument) };
}

function argumentValues(command: CommandUnknownOpts, argument: Argument): Values {
  return chosen(argument.argChoices) ?? ARGUMENT_VALUES[`${pathOf(command)} <${argument.name()}>`] ?? UNKNOWN;
}

function valuesOf(command: CommandUnknownOpts, option: Option): Values {
  const name = option.long ?? option.flags;
  return (
    chosen(option.argChoices) ?? OPTION_VALUES[`${pathOf(command)} ${name}`] ?? OPTION_VALUES[name] ?? UNKNOWN
  );
}

function chosen(words: readonly string[] | undefined): Values | undefined {
  return words && { kind: 'words', words, isList: false };
}
