import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { stripVTControlCharacters } from 'node:util';
import { bashCompletion } from '../../../../src/common/completion/bash.ts';
import type { Completion } from '../../../../src/common/completion/completion.ts';
import { fishCompletion } from '../../../../src/common/completion/fish.ts';
import { zshCompletion } from '../../../../src/common/completion/zsh.ts';
import { plant } from '../../support/temporary.ts';

/** How a shell is started without the person's own settings, and how it reads the script. */
export const SHELLS = {
  bash: { write: bashCompletion, start: 'bash --norc --noprofile -i', load: 'source ./script' },
  zsh: {
    write: zshCompletion,
    start: 'zsh -f -i',
    load: 'autoload -Uz compinit; compinit -u -D; source ./script',
  },
  fish: { write: fishCompletion, start: 'fish --no-config -i', load: 'source ./script' },
} as const;

/** A shell on a pseudo-terminal, with a program that prints its arguments. @param options.home an empty directory */
export function startShell(
  name: keyof typeof SHELLS,
  { completion, home }: { readonly completion: Completion; readonly home: string },
) {
  const { program } = completion;
  const { write, start, load } = SHELLS[name];
  plant(home, {
    [`bin/${program}`]: `#!/bin/sh\nfor word; do printf '<%s>' "$word"; done\nprintf '<end>\\n'\n`,
    script: write(completion),
    'here/node.yaml': '',
    'here/my disk.raw': '',
    'here/overlay/file': '',
    'here/overlays.txt': '',
  });
  chmodSync(join(home, 'bin', program), 0o755);
  const child = spawn('script', ['-qefc', `stty cols 200 rows 50; exec ${start}`, '/dev/null'], {
    cwd: home,
    env: {
      PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
      HOME: home,
      // Bash writes it when it ends, while the directory is being removed.
      HISTFILE: '/dev/null',
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
    ready: () => next(`${load}; cd here; ${program} ready`),
    next,
    stop: async () => {
      child.kill('SIGKILL');
      await once(child, 'close');
    },
  };
}
