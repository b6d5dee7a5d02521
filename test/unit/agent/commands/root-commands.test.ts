import type { Command } from '@commander-js/extra-typings';
import { describe, expect, test } from 'vitest';
import { createAgentProgram } from '../../../../src/agent/program.ts';
import { isForRoot, pathOf } from '../../../../src/agent/root-commands.ts';
import { testHost } from '../support/test-host.ts';

// biome-ignore lint/suspicious/noExplicitAny: commander types each command by its own options
type AnyCommand = Command<any, any>;

/** Commands that any user may run: they print, or write where the user says. Groups of commands do nothing themselves. */
const FOR_EVERYBODY = [
  ...['upgrade list-releases', 'validate', 'print-schema', 'render-template', 'config', 'config show'],
  ...[
    'config get',
    'state',
    'state get',
    'state summary',
    'state apply',
    'sysext',
    'sysext list',
    'confext',
    'confext list',
  ],
  ...[
    'pull-image',
    'logs',
    'uuid',
    'version',
    'completion',
    'make-initramfs',
    'start',
    'notify',
    'recovery',
    'webui',
  ],
  ...['versioneer', 'phone-home', 'kcrypt'],
];

function allBelow(command: AnyCommand): AnyCommand[] {
  return command.commands.flatMap((child: AnyCommand) => [child, ...allBelow(child)]);
}

async function asUser(line: string, uid: number) {
  await using host = await testHost({ files: { '/proc/cmdline': 'COS_ACTIVE' } });
  const program = await createAgentProgram({ host, out: () => undefined, uid });
  program.configureOutput({ writeErr: () => undefined });
  return await program.parseAsync(line.split(' '), { from: 'user' }).then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe('commands for root', () => {
  test('each command is for root or for everybody', async () => {
    await using host = await testHost();
    const commands = allBelow(await createAgentProgram({ host, out: () => undefined }));
    const others = commands.filter((command) => !isForRoot(command)).map(pathOf);
    expect(others.toSorted()).toEqual(FOR_EVERYBODY.toSorted());
  });

  test.each([
    ...['upgrade', 'upgrade --dry-run --source dir:/x', 'reset', 'install', 'manual-install /x'],
    ...['bootentry', 'run-stage boot', 'sysext install file:/x', 'install-bundle run://x'],
  ])('%s says so to an ordinary user', async (line) => {
    const [command] = line.split(' ');
    expect(await asUser(line, 1000)).toMatchObject({
      code: 'PERMISSION_DENIED',
      kind: 'step',
      message: expect.stringMatching(/^"kairos-agent [a-z -]+" is for root$/),
      remedy: expect.stringContaining(`sudo kairos-agent ${command}`),
    });
  });

  test.each(['version', 'run-stage --analyze boot', 'config get x'])('%s does not', async (line) => {
    expect(await asUser(line, 1000)).toBeUndefined();
  });

  test('root is not asked', async () => {
    expect(await asUser('upgrade --source dir:/nope', 0)).toMatchObject({ code: 'IMAGE_NOT_FOUND' });
  });
});
