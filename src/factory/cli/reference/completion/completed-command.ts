import type { Completed, CompletedCommand } from '../../../../common/completion/completion.ts';
import { type DescribedCommand, optionsOf } from '../describe-command.ts';
import type { CatalogWords, Values } from '../option-values.ts';

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
