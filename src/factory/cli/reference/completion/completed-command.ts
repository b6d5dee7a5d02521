import { type DescribedCommand, optionsOf } from '../describe-command.ts';
import type { CatalogWords, Values } from '../option-values.ts';

/** What is completed after an option, or for an argument. */
export type Completed =
  | { readonly kind: 'file' }
  | { readonly kind: 'directory' }
  | { readonly kind: 'text' }
  | { readonly kind: 'words'; readonly words: readonly string[]; readonly isList: boolean };

/** An option as the scripts of shells need it. */
export interface CompletedOption {
  readonly names: readonly string[];
  readonly description: string;
  /** Absent for a switch. */
  readonly value?: Completed;
  readonly isOptional: boolean;
}

/** A command as the scripts of shells need it. */
export interface CompletedCommand {
  /** The words that call it; empty for the program. */
  readonly path: string;
  readonly options: readonly CompletedOption[];
  readonly arguments: readonly {
    readonly name: string;
    readonly value: Completed;
    readonly isRepeated: boolean;
  }[];
  readonly commands: readonly { readonly name: string; readonly summary: string }[];
}

/** The words of the catalog by their kind. */
export type Catalog = Readonly<Record<CatalogWords, readonly string[]>>;

/** All commands, the program first, with the words of the catalog in their places. */
export function completedCommands(command: DescribedCommand, catalog: Catalog): CompletedCommand[] {
  const complete = (values: Values) => completedValues(values, catalog);
  const own: CompletedCommand = {
    path: command.path,
    options: optionsOf(command).map(({ names, description, values, isOptional }) => ({
      names,
      description,
      isOptional,
      ...(values === undefined ? {} : { value: complete(values) }),
    })),
    arguments: command.arguments.map(({ name, values, isRepeated }) => ({
      name,
      isRepeated,
      value: complete(values),
    })),
    commands: command.commands.map(({ path, summary }) => ({ name: path.split(' ').at(-1) ?? '', summary })),
  };
  return [own, ...command.commands.flatMap((below) => completedCommands(below, catalog))];
}

function completedValues(values: Values, catalog: Catalog): Completed {
  if (values.kind !== 'catalog') return values;
  return { kind: 'words', words: catalog[values.of], isList: values.isList };
}

/** Quotes text for POSIX shells, zsh and fish alike: none of them reads anything in it. */
export function quoted(text: string): string {
  return `'${text.replaceAll("'", `'"'"'`)}'`;
}

/** The first line of each script. */
export function scriptHeader(shell: string): string {
  return `# Completion of kairos-factory for ${shell}, written by "kairos-factory completion ${shell}".`;
}
