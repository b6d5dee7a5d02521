import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import { describe, expect, onTestFinished, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** A buildah that answers, and never finishes the import of an image. */
const SLOW_BUILDAH = `#!/bin/sh
case "$*" in
--version) echo 'buildah version 1.40.0' ;;
*'rm --all') ;;
*'containers --all --json') echo '[]' ;;
*pull*) exec sleep 1000 ;;
*) exit 125 ;;
esac
`;

/** A running command, what it has printed, and how it ended. */
interface Running {
  readonly child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly text: () => string;
  readonly prints: (pattern: RegExp) => Promise<void>;
  readonly status: () => Promise<number | null>;
}

function start(program: string, args: readonly string[], env: Record<string, string | undefined>): Running {
  const child = spawn(program, args, { env: { ...process.env, ...env }, stdio: 'pipe' });
  const ended = once(child, 'close');
  onTestFinished(() => void child.kill('SIGKILL'));
  let written = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (chunk: Buffer) => {
      written += chunk.toString();
    });
  const text = () => stripVTControlCharacters(written);
  const prints = async (pattern: RegExp) => {
    while (!pattern.test(text())) {
      if (child.exitCode !== null) throw new Error(`it ended without ${pattern}: ${text()}`);
      await new Promise((done) => setTimeout(done, 20));
    }
  };
  const status = async () => {
    await ended;
    return child.exitCode;
  };
  return { child, text, prints, status };
}

/** A build that imports an image for ever, in a pseudo-terminal or without one. */
function slowBuild({ isTerminal }: { readonly isTerminal: boolean }) {
  const home = plant(temporaryDirectory(), { 'bin/buildah': SLOW_BUILDAH, 'root/file': 'x' });
  chmodSync(join(home, 'bin/buildah'), 0o755);
  const main = join(PROJECT, 'src/factory/cli/main.ts');
  const flags = ['--artifact', 'squashfs', '--engine', 'buildah', '--output', join(home, 'out')];
  const args = [main, 'artifacts', '--image', `dir:${join(home, 'root')}`, ...flags];
  const env = {
    PATH: `${join(home, 'bin')}:${process.env['PATH']}`,
    KAIROS_FACTORY_CACHE: join(home, 'cache'),
    CI: undefined,
  };
  // script(1) gives its own standard input to the terminal, and ends with the status of the command.
  const command = `stty rows 24 cols 80; exec "$NODE" ${args.map((arg) => `'${arg}'`).join(' ')}`;
  const running = isTerminal
    ? start('script', ['-qefc', command, '/dev/null'], { ...env, NODE: process.execPath })
    : start(process.execPath, args, env);
  const left = () =>
    ['cache/work', 'out'].flatMap((directory) => {
      const path = join(home, directory);
      return existsSync(path) ? readdirSync(path) : [];
    });
  return { ...running, left };
}

describe('a command that is asked to end', () => {
  test('by Ctrl-C on a terminal says so, cleans up and ends with 130', async () => {
    const build = slowBuild({ isTerminal: true });
    await build.prints(/import OS image/);
    build.child.stdin.write('\x03');
    expect(await build.status()).toBe(130);
    expect(build.text()).toContain('error: interrupted by SIGINT');
    expect(build.left()).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)('by %s without a terminal does too', async (name) => {
    const build = slowBuild({ isTerminal: false });
    await build.prints(/import OS image/);
    build.child.kill(name);
    expect(await build.status()).toBe(130);
    expect(build.text()).toContain(`error: interrupted by ${name}`);
    expect(build.left()).toEqual([]);
  });

  test('by a terminal that is closed cleans up, although nobody reads its messages', async () => {
    const build = slowBuild({ isTerminal: true });
    await build.prints(/import OS image/);
    build.child.kill('SIGKILL');
    await build.status();
    await expect.poll(build.left, { timeout: 30_000 }).toEqual([]);
  });
});

/** Runs a body in the guarded program, with a line on standard output when its guard works. */
function guarded(body: string, env: Record<string, string> = {}): Running {
  const module = (name: string) => JSON.stringify(join(PROJECT, 'src/factory', name));
  const code = `const { guardProcess } = await import(${module('cli/guard-process.ts')});
    guardProcess();
    console.log('guarded');
    const { withSession } = await import(${module('pipeline/session.ts')});
    ${body}`;
  return start(process.execPath, ['--input-type=module', '--eval', code], env);
}

test('a signal before any work ends with a message too', async () => {
  const running = guarded('await new Promise((done) => setTimeout(done, 60_000));');
  await running.prints(/guarded/);
  running.child.kill('SIGINT');
  expect(await running.status()).toBe(130);
  expect(running.text()).toContain('error: interrupted by SIGINT');
});

test('an error that nobody awaits ends the session, which cleans up first', async () => {
  const home = temporaryDirectory();
  const running = guarded(
    `const { setTimeout: sleep } = await import('node:timers/promises');
    await withSession(async ({ signal }) => {
      Promise.reject(new Error('lost'));
      await sleep(60_000, undefined, { signal });
    }).catch((error) => console.log('caught', error.message));`,
    { KAIROS_FACTORY_CACHE: home },
  );
  expect(await running.status()).toBe(0);
  expect(running.text()).toContain('caught lost');
  expect(readdirSync(join(home, 'work'))).toEqual([]);
});
