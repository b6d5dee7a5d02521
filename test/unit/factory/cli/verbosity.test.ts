import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { afterEach, expect, test, vi } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { presentReport } from '../../../../src/factory/cli/present-report.ts';
import { createProgram, createWholeProgram } from '../../../../src/factory/cli/program.ts';
import { failWith } from '../../../../src/factory/cli/render-error.ts';
import { createProgressRenderer } from '../../../../src/factory/cli/render-progress.ts';
import { say } from '../../../../src/factory/cli/say.ts';
import { applyVerbosity } from '../../../../src/factory/cli/verbosity.ts';
import { warn } from '../../../../src/factory/cli/warn.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';

afterEach(() => {
  vi.restoreAllMocks();
  applyVerbosity({});
  process.exitCode = undefined;
});

const below = (command: CommandUnknownOpts): CommandUnknownOpts[] => [
  command,
  ...command.commands.flatMap(below),
];

test('every command that does something is quiet, verbose or shows stacks', async () => {
  const { commands } = await createWholeProgram();
  const names = ['completion', 'help'];
  for (const command of commands.filter((each) => !names.includes(each.name())).flatMap(below)) {
    const long = command.options.map((option) => option.long);
    expect(long, command.name()).toEqual(expect.arrayContaining(['--quiet', '--verbose', '--debug']));
  }
});

/** What a body prints on either stream. */
async function printedBy(body: () => unknown) {
  const printed = { stdout: '', stderr: '' };
  for (const name of ['stdout', 'stderr'] as const)
    vi.spyOn(process[name], 'write').mockImplementation((text) => {
      printed[name] += String(text);
      return true;
    });
  await body();
  vi.restoreAllMocks();
  return printed;
}

/** What a command does that talks, runs a program, and has a report. */
async function work(report: { readonly isAnswer?: boolean; readonly json?: boolean } = {}) {
  const show = createProgressRenderer(process.stderr);
  show.onEvent({ type: 'start', id: 'step', title: 'A step' });
  await show.close();
  say('said');
  warn('warned');
  const runner = createRunner({
    signal: new AbortController().signal,
    log: () => undefined,
    env: process.env,
  });
  await runner.run({ name: 'echo', package: 'coreutils' }, ['hello']);
  const { json = false, isAnswer = false } = report;
  await presentReport({ json }, async () => ({ json: 'report', text: 'report\n', isAnswer }));
}

test('by default, a command says what it does, and not what programs print', async () => {
  const { stdout, stderr } = await printedBy(() => work());
  expect(stdout).toBe('report\n');
  expect(stderr).toMatch(/A step[\s\S]*said[\s\S]*warned/);
  expect(stderr).not.toContain('hello');
});

test('--quiet prints nothing but answers and JSON', async () => {
  applyVerbosity({ quiet: true });
  expect(await printedBy(() => work())).toEqual({ stdout: '', stderr: '' });
  expect(await printedBy(() => work({ isAnswer: true }))).toEqual({ stdout: 'report\n', stderr: '' });
  expect(await printedBy(() => work({ json: true }))).toEqual({ stdout: '"report"\n', stderr: '' });
});

test.each(['verbose', 'debug'])('--%s prints each program with its output, once', async (name) => {
  applyVerbosity({ [name]: true });
  applyVerbosity({ [name]: true });
  const { stderr } = await printedBy(() => work());
  expect(stderr.match(/\$ echo hello\n/g)).toHaveLength(1);
  expect(stderr.match(/^hello\n/gm)).toHaveLength(1);
});

test('an error is printed with --quiet, and has its stack and its cause with --debug only', async () => {
  const error = new FactoryError('OPTION_INVALID', 'refused', { cause: new TypeError('the cause') });
  applyVerbosity({ quiet: true });
  const { stderr } = await printedBy(() => failWith(error));
  expect(stderr).toContain('error: refused');
  expect(stderr).not.toContain('verbosity.test.ts');
  applyVerbosity({ debug: true });
  const debugged = await printedBy(() => failWith(error));
  expect(debugged.stderr).toMatch(/verbosity\.test\.ts[\s\S]*caused by:\nTypeError: the cause/);
});

test('the options are applied before the command runs, and exclude each other', async () => {
  const run = async (...args: string[]) => (await createProgram(args)).parseAsync(args, { from: 'user' });
  const { stdout } = await printedBy(() => run('flavors', '--quiet'));
  expect(stdout).toContain('debian');
  expect(await printedBy(() => say('said'))).toEqual({ stdout: '', stderr: '' });
  const { stderr } = await printedBy(() => run('flavors', '--quiet', '--debug').catch(() => undefined));
  expect(stderr).toContain("'-q, --quiet' cannot be used with option '--debug'");
});
