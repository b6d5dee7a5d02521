import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { bashCompletion } from '../../../../../src/common/completion/bash.ts';
import { createWholeProgram } from '../../../../../src/factory/cli/program.ts';
import { catalogWords } from '../../../../../src/factory/cli/reference/completion/catalog-words.ts';
import { completedCommands } from '../../../../../src/factory/cli/reference/completion/completed-command.ts';
import { describeCommand } from '../../../../../src/factory/cli/reference/describe-command.ts';
import { tool } from '../../../../support/tool.ts';
import { SHELLS, startShell } from '../../../common/completion/typing-shell.ts';
import { plant, sharedDirectory, temporaryDirectory } from '../../../support/temporary.ts';

const commands = completedCommands(describeCommand(await createWholeProgram()), await catalogWords());
const completion = { program: 'kairos-factory', commands };

/** What is typed after the name of the program, and the arguments that it then gets. */
const TYPED: readonly (readonly [typed: string, ...args: string[]])[] = [
  ['artif\t', 'artifacts'],
  ['verify-r\t', 'verify-repro'],
  ['help che\t', 'help', 'check'],
  ['flavors sh\talmal\t', 'flavors', 'show', 'almalinux'],
  ['completion zs\t', 'completion', 'zsh'],
  ['build --no-pr\t', 'build', '--no-prove'],
  ['build --flavor alm\t', 'build', '--flavor', 'almalinux'],
  ['build --flavor=alm\t', 'build', '--flavor=almalinux'],
  ['build --flavor debian --rel\t bookw\t', 'build', '--flavor', 'debian', '--release', 'bookworm'],
  ['build --artifact iso,qc\t', 'build', '--artifact', 'iso,qcow2'],
  [
    'build --engine buildah --model rpi3 --compression sm\t',
    'build',
    '--engine',
    'buildah',
    '--model',
    'rpi3',
    '--compression',
    'small',
  ],
  ['build --cloud-config node\t', 'build', '--cloud-config', 'node.yaml'],
  ['build --overlay-rootfs over\t', 'build', '--overlay-rootfs', 'overlay/'],
  ['boot --firmware sec\t', 'boot', '--firmware', 'secureboot'],
  ['boot my\t', 'boot', 'my disk.raw'],
  ['verify node.yaml my\t', 'verify', 'node.yaml', 'my disk.raw'],
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
    // Zsh takes the slash of a directory away again, when the line ends.
    const [given, wanted] = [await shell.next(`kairos-factory ${typed}`), args].map((words) =>
      words.map((word) => word.replace(/\/$/, '')),
    );
    expect(given).toEqual(wanted);
  });

  test('the script names every command and option', () => {
    const script = SHELLS[name].write(completion);
    for (const { path, options } of commands) {
      for (const word of [...path.split(' '), ...options.flatMap(({ names }) => names)]) {
        expect(script).toContain(name === 'fish' ? word.replace(/^--?/, '') : word);
      }
    }
  });
});

test('the script for bash is clean under ShellCheck', async () => {
  const file = join(plant(temporaryDirectory(), { script: bashCompletion(completion) }), 'script');
  await tool('shellcheck', '--shell=bash', file);
});
