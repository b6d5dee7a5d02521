import { expect, test } from 'vitest';
import { COMMAND_LIST } from '../../../src/agent/command-list.ts';
import { createAgentProgram } from '../../../src/agent/program.ts';
import { testHost } from './support/test-host.ts';

/** The names of the commands that a process with these arguments loads, without those that it calls on its own. */
async function loaded(...args: string[]): Promise<string[]> {
  await using host = await testHost();
  const program = await createAgentProgram({ host, out: () => undefined }, { args });
  return program.commands.map((command) => command.name());
}

test.each(COMMAND_LIST.map(({ names, load }) => ({ name: names[0] ?? '', names, load })))(
  '$name has the names of the list',
  async ({ names, load }) => {
    await using host = await testHost();
    const command = (await load())({ host, out: () => undefined });
    expect([command.name(), ...command.aliases()]).toEqual(names);
  },
);

test.each([
  [['upgrade', '--dry-run'], ['upgrade']],
  [['i', '--once'], ['install']],
  [['version'], ['version']],
  [['--version'], []],
])('%j loads %j', async (args, expected) => {
  expect(await loaded(...args)).toEqual(expected);
});

test.each([[[]], [['--help']], [['help', 'upgrade']], [['completion', 'bash']], [['upgrad']], [['webui']]])(
  '%j loads all commands',
  async (args) => {
    expect((await loaded(...args)).length).toBeGreaterThan(COMMAND_LIST.length);
  },
);
