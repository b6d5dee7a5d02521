import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWholeProgram } from '../../../../../src/factory/cli/program.ts';
import { bashCompletion } from '../../../../../src/factory/cli/reference/completion/bash.ts';
import { catalogWords } from '../../../../../src/factory/cli/reference/completion/catalog-words.ts';
import { completedCommands } from '../../../../../src/factory/cli/reference/completion/completed-command.ts';
import { fishCompletion } from '../../../../../src/factory/cli/reference/completion/fish.ts';
import { zshCompletion } from '../../../../../src/factory/cli/reference/completion/zsh.ts';
import { describeCommand } from '../../../../../src/factory/cli/reference/describe-command.ts';
import { tool } from '../../../../support/tool.ts';
import { plant, sharedDirectory } from '../../../support/temporary.ts';

const commands = completedCommands(describeCommand(await createWholeProgram()), await catalogWords());

/** How a shell is started without the person's own settings, and how it reads the script. */
const SHELLS = {
  bash: { write: bashCompletion, start: 'bash --norc --noprofile -i', load: 'source ./script' },
  zsh: {
    write: zshCompletion,
    start: 'zsh -f -i',
    load: 'autoload -Uz compinit; compinit -u -D; source ./script',
  },
  fish: { write: fishCompletion, start: 'fish --no-config -i', load: 'source ./script' },
} as const;

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

/** A shell on a pseudo-terminal, with a program that prints its arguments. */
function startShell(name: keyof typeof SHELLS) {
  const { write, start, load } = SHELLS[name];
  const home = plant(sharedDirectory(), {
    'bin/kairos-factory': `#!/bin/sh\nfor word; do printf '<%s>' "$word"; done\nprintf '<end>\\n'\n`,
    script: write(commands),
    'here/node.yaml': '',
    'here/my disk.raw': '',
    'here/overlay/file': '',
    'here/overlays.txt': '',
  });
  chmodSync(join(home, 'bin/kairos-factory'), 0o755);
  const child = spawn('script', ['-qefc', `stty cols 200 rows 50; exec ${start}`, '/dev/null'], {
    cwd: home,
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      HOME: home,
      TERM: 'xterm',
      LC_ALL: 'C.UTF-8',
    },
    stdio: 'pipe',
  });
  let printed = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      printed += chunk.toString();
    });
  const next = async (line: string): Promise<string[]> => {
    printed = '';
    child.stdin.write(`${line}\n`);
    while (!printed.includes('<end>')) {
      if (child.exitCode !== null) throw new Error(`the shell ended: ${printed}`);
      await sleep(20);
    }
    const [, text = ''] = /((?:<[^<>\n]*>)+)<end>/.exec(stripVTControlCharacters(printed)) ?? [];
    return [...text.matchAll(/<([^<>]*)>/g)].map(([, word = '']) => word);
  };
  return {
    ready: () => next(`${load}; cd here; kairos-factory ready`),
    next,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}

describe.each(['bash', 'zsh', 'fish'] as const)('%s', (name) => {
  let shell: ReturnType<typeof startShell>;
  beforeAll(async () => {
    shell = startShell(name);
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
    const script = SHELLS[name].write(commands);
    for (const { path, options } of commands) {
      for (const word of [...path.split(' '), ...options.flatMap(({ names }) => names)]) {
        expect(script).toContain(name === 'fish' ? word.replace(/^--?/, '') : word);
      }
    }
  });
});

test('the script for bash is clean under ShellCheck', async () => {
  const file = join(plant(sharedDirectory(), { script: bashCompletion(commands) }), 'script');
  await tool('shellcheck', '--shell=bash', file);
});
