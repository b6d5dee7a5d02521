import { expect, test } from 'vitest';
import { COMMANDS } from '../../../../src/factory/cli/command-list.ts';
import { COMMAND_NAMES } from '../../../../src/factory/cli/command-names.ts';
import {
  createProgram,
  createWholeProgram,
  withoutHelpCommand,
} from '../../../../src/factory/cli/program.ts';
import { failureOf } from '../../support/failure.ts';

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

test.each([
  ['--output x build --flavor debian', 'build --flavor debian --output x'],
  ['--debug build', 'build --debug'],
  ['--json cache du', 'cache du --json'],
  ['--debug ssh -- ls -l', 'ssh --debug -- ls -l'],
  ['--output build plan', 'plan --output build'],
  ['--set a=b$c build', "build --set 'a=b$c'"],
])('%s is answered with the right order', async (line, ordered) => {
  const { code, message, remedy } = await failureOf(() => createProgram(line.split(' ')));
  expect([code, message]).toEqual(['OPTION_INVALID', expect.stringContaining('is in front of the command')]);
  expect(remedy).toBe(`Write the command first: kairos-factory ${ordered}`);
});

test.each([['--nothing'], ['--nothing', 'else'], ['--output', 'build'], ['-h', 'build']])(
  'options without a command are left to the parser: %s %s',
  async (...args) => {
    expect(await names(...args)).toEqual(COMMAND_NAMES);
  },
);

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
