import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { COMMAND_NAMES } from '../command-names.ts';
import type { Guide } from './guide.ts';
import { GUIDES } from './guides.ts';

/** The words that call a command, without the name of the program: `flavors show`. */
export function pathOf(command: CommandUnknownOpts): string {
  if (command.parent === null) return '';
  return [pathOf(command.parent), command.name()].filter(Boolean).join(' ');
}

/** The guide of a command; that of a command below another one has the examples of its own. */
export function guideOf(command: CommandUnknownOpts): Guide | undefined {
  const path = pathOf(command);
  const name = COMMAND_NAMES.find((each) => each === path.split(' ')[0]);
  if (name === undefined) return undefined;
  const { examples, pages } = GUIDES[name];
  const [first, ...others] = examples.filter(({ line }) => line === path || line.startsWith(`${path} `));
  return first === undefined ? undefined : { examples: [first, ...others], pages };
}
