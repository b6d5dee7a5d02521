import { Command } from '@commander-js/extra-typings';

/** `kairos-factory help`: it runs as `COMMAND --help`, which the arguments are rewritten to before they are parsed. */
export function helpCommand() {
  return new Command('help').argument('[command...]', 'a command');
}
