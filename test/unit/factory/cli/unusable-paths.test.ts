import { chmodSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { createProgram, createWholeProgram } from '../../../../src/factory/cli/program.ts';
import {
  type DescribedCommand,
  describeCommand,
  optionsOf,
} from '../../../../src/factory/cli/reference/describe-command.ts';
import type { Values } from '../../../../src/factory/cli/reference/option-values.ts';
import { tool } from '../../../support/tool.ts';
import { DIRECTORY, plant, sharedDirectory } from '../../support/temporary.ts';

// Every command gets paths that it cannot use, wherever it takes a path: the answer is in plain words, with a remedy.

const home = sharedDirectory();
const files = join(home, 'files');
const path = (name: string) => join(files, name);
/** Paths that few options can use. Root may read everything, so a file without permission is one more for others. */
const PATHS = [
  path('missing'),
  path('folder'),
  path('binary'),
  path('empty'),
  path('empty/below'),
  path('n'.repeat(300)),
  path('secret'),
];
/** What some commands need before they look at a path. */
const NEEDED: Readonly<Record<string, readonly string[]>> = {
  artifacts: ['--image', 'oci:folder'],
  confext: ['--from', 'dir:folder'],
  sysext: ['--from', 'dir:folder'],
  ...Object.fromEntries(
    ['build', 'context', 'doctor', 'init', 'lock', 'plan', 'verify-repro'].map((name) => [
      name,
      ['--flavor', 'debian'],
    ]),
  ),
};
/** What Node.js says, and what only a developer can read. */
const RAW = /\bE[A-Z]{3,}\b|, (?:open|read|l?stat|scandir|mkdir|access|copyfile|rename|unlink) '|^ {4}at /m;

const takesPath = (values: Values | undefined) => values?.kind === 'file' || values?.kind === 'directory';
const every = (command: DescribedCommand): DescribedCommand[] => [
  command,
  ...command.commands.flatMap(every),
];
const commands = every(describeCommand(await createWholeProgram())).filter(
  (command) => command.path !== '' && [...commandLines(command, 0)].length > 0,
);

/** Two of the paths for each option and argument: with the next command that has the option, two others. */
function* commandLines(command: DescribedCommand, turn: number): Generator<string[]> {
  const words = [...command.path.split(' '), ...(NEEDED[command.path] ?? [])];
  const others = (except?: string) =>
    command.arguments
      .filter(({ name }) => name !== except)
      .map(({ name, values }) =>
        name === 'name' ? (values.kind === 'catalog' ? 'debian' : 'tools') : 'folder',
      );
  const chosen = (index: number) => [0, 3].map((more) => PATHS[(index + turn + more) % PATHS.length] ?? '');
  const options = optionsOf(command).filter(({ values }) => takesPath(values));
  for (const [index, { names }] of options.entries())
    for (const each of chosen(index)) yield [...words, names.at(-1) ?? '', each, ...others()];
  for (const { name, values } of command.arguments.filter((argument) => takesPath(argument.values))) {
    const prefixes = values.kind === 'file' ? ['', 'oci:', 'docker-archive:', 'dir:'] : [''];
    for (const [index, prefix] of prefixes.entries())
      for (const each of chosen(index)) yield [...words, `${prefix}${each}`, ...others(name)];
  }
}

/** Runs a command. @returns what went wrong, and everything that people read of it */
async function run(args: readonly string[]): Promise<{ error: unknown; text: string }> {
  const said: string[] = [];
  const listen = (chunk: unknown) => said.push(String(chunk)) > 0;
  const spies = [process.stdout, process.stderr].map((stream) =>
    vi.spyOn(stream, 'write').mockImplementation(listen),
  );
  try {
    const program = await createProgram(args);
    await program.parseAsync(args, { from: 'user' });
    return { error: undefined, text: said.join('') };
  } catch (error) {
    const lines = error instanceof FactoryError ? [error.message, ...error.details, error.remedy ?? ''] : [];
    return { error, text: [...said, ...lines].join('\n') };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

const before = { directory: process.cwd(), status: process.exitCode, argv: process.argv };
beforeAll(async () => {
  // verify-repro starts the program again.
  plant(home, { bin: DIRECTORY, 'again.cjs': "console.error('  code: TOOL_MISSING'); process.exit(3);" });
  // Nothing can be built without tools.
  for (const name of ['sh', 'flock', 'cat'])
    symlinkSync((await tool('sh', '-c', `command -v ${name}`)).trim(), join(home, 'bin', name));
});
beforeEach(() => {
  vi.stubEnv('PATH', join(home, 'bin'));
  vi.stubEnv('HOME', home);
  vi.stubEnv('KAIROS_FACTORY_CACHE', join(home, 'cache'));
});
afterEach(() => {
  process.chdir(before.directory);
  process.exitCode = before.status;
  process.argv = before.argv;
});
afterAll(() => expect(readdirSync(join(home, 'cache/work'))).toEqual([]));

describe.each(commands.map((command, turn) => [command.path, [...commandLines(command, turn)]] as const))(
  '%s answers a path that it cannot use in plain words',
  (_, lines) => {
    const named = lines.map(
      (args) => [args.join(' ').replaceAll(files, '.').replace(/n{9,}/, 'n…'), args] as const,
    );
    test.each(named)('%s', async (line, args) => {
      rmSync(files, { recursive: true, force: true });
      plant(files, {
        folder: DIRECTORY,
        empty: '',
        secret: 'secret',
        binary: Buffer.from(Array.from({ length: 4096 }, (__, index) => (index * 7919) % 256)),
      });
      chmodSync(path('secret'), 0);
      process.chdir(files);
      process.argv = [process.execPath, join(home, 'again.cjs'), ...args];
      const { error, text } = await run(args);
      expect(text, line).not.toMatch(RAW);
      if (error === undefined) return;
      expect(error, line).toBeInstanceOf(Error);
      if (!(error instanceof FactoryError)) expect(error, line).toHaveProperty('exitCode');
      else expect(error.remedy, `${line}: ${error.message}`).toBeTruthy();
    });
  },
);
