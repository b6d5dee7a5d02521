import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { completedCommands } from '../../../../src/agent/completion/completed-commands.ts';
import { createAgentProgram } from '../../../../src/agent/program.ts';
import { bashCompletion } from '../../../../src/common/completion/bash.ts';
import { tool } from '../../../support/tool.ts';
import { startShell } from '../../common/completion/typing-shell.ts';
import { plant, sharedDirectory, temporaryDirectory } from '../../support/temporary.ts';
import { testHost } from '../support/test-host.ts';

async function agent(out: (text: string) => void = () => undefined) {
  await using host = await testHost();
  return await createAgentProgram({ host, out });
}
const commands = completedCommands(await agent());
const completion = { program: 'kairos-agent', commands };

/** What is typed after the name of the program, and the arguments that it then gets. */
const TYPED: readonly (readonly [typed: string, ...args: string[]])[] = [
  ['upg\t', 'upgrade'],
  ['upgrade --dry\t', 'upgrade', '--dry-run'],
  ['upgrade --boot-entry rec\t', 'upgrade', '--boot-entry', 'recovery'],
  ['upgrade list-r\t', 'upgrade', 'list-releases'],
  ['state summ\t--js\t', 'state', 'summary', '--json'],
  ['doctor part\tstag\t', 'doctor', 'partitions', 'stages'],
  ['validate node\t', 'validate', 'node.yaml'],
  ['completion fi\t', 'completion', 'fish'],
];

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (name) => {
  const home = sharedDirectory();
  let shell: ReturnType<typeof startShell>;
  beforeAll(async () => {
    shell = startShell(name, { completion, home });
    await shell.ready();
  });
  afterAll(() => shell.stop());

  test.each(TYPED)('completes "%s"', async (typed, ...args) => {
    expect(await shell.next(`kairos-agent ${typed}`)).toEqual(args);
  });
});

describe('the script', () => {
  test('for bash is clean under ShellCheck', async () => {
    const file = join(plant(temporaryDirectory(), { script: bashCompletion(completion) }), 'script');
    await tool('shellcheck', '--shell=bash', file);
  });

  test.each(['bash', 'zsh', 'fish'])('is printed for %s', async (name) => {
    const printed: string[] = [];
    await (await agent((text) => void printed.push(text))).parseAsync(['completion', name], { from: 'user' });
    expect(printed.join('')).toContain(`# Completion of kairos-agent for ${name}`);
  });

  test('has every command but those that are not supported', () => {
    const paths = commands.map(({ path }) => path);
    expect(paths).toEqual(expect.arrayContaining(['upgrade', 'state get', 'sysext install', 'doctor']));
    expect(paths).not.toContain('webui');
    expect(paths).not.toContain('state apply');
  });
});
