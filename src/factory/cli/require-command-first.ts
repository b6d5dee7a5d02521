import { FactoryError } from '../../common/errors/factory-error.ts';
import { quoted } from '../../common/text/shell-word.ts';
import { COMMAND_NAMES } from './command-names.ts';
import { programName } from './program-name.ts';

/** The options of the program itself; everything else belongs to a command. */
const OWN = ['-h', '--help', '-V', '--version'];
/** What a shell takes as it is. */
const PLAIN = /^[\w@%+=:,./~-]+$/;

/**
 * Refuses options in front of the command, and says where they belong: what an option takes depends on the command.
 * @throws FactoryError `usage` with the command line in the right order
 */
export async function requireCommandFirst(args: readonly string[]): Promise<void> {
  const [first] = args;
  if (first === undefined || !first.startsWith('-') || OWN.includes(first)) return;
  const place = await placeOfCommand(args);
  const command = args[place];
  if (command === undefined) return;
  // At the end, because some commands have others below them; but not among the words of another program.
  const end = args.includes('--') ? args.indexOf('--') : args.length;
  const ordered = [...args.slice(place, end), ...args.slice(0, place), ...args.slice(end)];
  const words = ordered.map((word) => (PLAIN.test(word) ? word : quoted(word)));
  throw new FactoryError('OPTION_INVALID', `${first} is in front of the command "${command}"`, {
    remedy: `Write the command first: ${programName()} ${words.join(' ')}`,
  });
}

/** The place of the first command that is not the value of an option; -1 if there is none. */
async function placeOfCommand(args: readonly string[]): Promise<number> {
  // Loads the configuration, so only here.
  const { OPTION_VALUES } = await import('./reference/option-values.ts');
  const isValue = (index: number) => Object.hasOwn(OPTION_VALUES, args[index - 1] ?? '');
  return args.findIndex((word, index) => COMMAND_NAMES.some((name) => name === word) && !isValue(index));
}
