import { expect, test } from 'vitest';
import { COMMANDS } from '../../../../src/factory/cli/command-list.ts';
import { COMMAND_NAMES } from '../../../../src/factory/cli/command-names.ts';
import {
  createProgram,
  createWholeProgram,
  withoutHelpCommand,
} from '../../../../src/factory/cli/program.ts';

// Loaded before the tests, whose time is limited.
const whole = await createWholeProgram();
const names = async (...args: string[]) => (await createProgram(args)).commands.map((each) => each.name());

test('loads the one command that the arguments name', async () => {
  for (const name of COMMAND_NAMES) {
    const { commands } = await createProgram([name, '--help']);
    const loaded = COMMANDS[name].describesAll ? COMMAND_NAMES : [name];
    expect(commands.map((each) => each.name())).toEqual(loaded);
    // Each command takes an option, an argument or a command.
    const command = commands.find((each) => each.name() === name);
    expect(
      command?.options.length || command?.registeredArguments.length || command?.commands.length,
    ).toBeTruthy();
    expect(command?.description()).toBe(COMMANDS[name].summary);
  }
});

test('loads no command for help and for suggestions, which need the names alone', async () => {
  for (const args of [[], ['--help'], ['biuld']]) {
    const { commands } = await createProgram(args);
    expect(commands.map((each) => each.name())).toEqual(COMMAND_NAMES);
    expect(commands.flatMap(({ options }) => options)).toEqual([]);
  }
  expect(await names('--version')).toEqual([]);
});

test('the name in the list is the name of the command', async () => {
  expect(whole.commands.map((each) => each.name())).toEqual(COMMAND_NAMES);
});

test.each([
  [
    ['help', 'build'],
    ['build', '--help'],
  ],
  [
    ['help', 'flavors', 'show'],
    ['flavors', 'show', '--help'],
  ],
  [['help', 'biuld'], ['biuld']],
  [['help'], ['--help']],
  [
    ['help', '--help'],
    ['help', '--help'],
  ],
  [
    ['build', 'help'],
    ['build', 'help'],
  ],
])('%j is the same as %j', (args, same) => expect(withoutHelpCommand(args)).toEqual(same));
