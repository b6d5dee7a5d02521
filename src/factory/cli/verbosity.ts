import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { styleText } from 'node:util';
import { type CommandUnknownOpts, Option } from '@commander-js/extra-typings';
import { RUNNER_LINES } from '../tools/runner.ts';
import { GROUPS } from './option-groups.ts';

/** How much a command prints on stderr. */
type Verbosity = 'quiet' | 'normal' | 'verbose' | 'debug';

let chosen: Verbosity = 'normal';

/** Adds `--quiet`, `--verbose` and `--debug` to a command and those below it. */
export function addVerbosity(command: CommandUnknownOpts): void {
  command
    .addOption(
      new Option('-q, --quiet', 'print errors, and nothing else but answers and JSON')
        .conflicts(['verbose', 'debug'])
        .helpGroup(GROUPS.general),
    )
    .addOption(
      new Option('-v, --verbose', 'print each program that is run, and what it prints').helpGroup(
        GROUPS.general,
      ),
    )
    .addOption(new Option('--debug', 'as --verbose, and errors with their stack').helpGroup(GROUPS.general));
  for (const below of command.commands) addVerbosity(below);
}

/** Applies the options of {@link addVerbosity}, before the command runs. */
export function applyVerbosity(options: {
  readonly quiet?: unknown;
  readonly verbose?: unknown;
  readonly debug?: unknown;
}): void {
  chosen = options.debug ? 'debug' : options.verbose ? 'verbose' : options.quiet ? 'quiet' : 'normal';
  unsubscribe(RUNNER_LINES, printLine);
  if (isVerbose()) subscribe(RUNNER_LINES, printLine);
}

/** Whether only errors are printed: no progress, notices, warnings and reports. */
export function isQuiet(): boolean {
  return chosen === 'quiet';
}

/** Whether the programs that are run are printed, so that progress must be plain lines between theirs. */
export function isVerbose(): boolean {
  return chosen === 'verbose' || isDebug();
}

/** Whether errors have their stack. */
export function isDebug(): boolean {
  return chosen === 'debug';
}

function printLine(line: unknown): void {
  process.stderr.write(`${styleText('dim', String(line), { stream: process.stderr })}\n`);
}
