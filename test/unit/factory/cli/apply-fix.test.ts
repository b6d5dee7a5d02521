import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { expect, test } from 'vitest';
import { applyCommands } from '../../../../src/factory/cli/apply-fix.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

/** A person at a terminal, or nobody, and what was printed. */
function terminal(answer?: string) {
  const input = Object.assign(new PassThrough(), { isTTY: answer !== undefined });
  if (answer !== undefined) input.write(`${answer}\n`);
  const printed: string[] = [];
  const output = new PassThrough();
  output.on('data', (chunk: Buffer) => printed.push(String(chunk)));
  return {
    input: input as unknown as NodeJS.ReadStream,
    output: output as unknown as NodeJS.WriteStream,
    printed: () => printed.join(''),
  };
}
const touch = (file: string) => [['touch', file]];

test('with --yes, the commands are shown and run, without a shell', async () => {
  const file = join(temporaryDirectory(), '$(false) a;b');
  const { printed, ...streams } = terminal();
  expect(await applyCommands(touch(file), { yes: true, ...streams })).toBe(true);
  expect(existsSync(file)).toBe(true);
  expect(printed()).toContain(`touch ${file}\n`);
});

test.each([
  ['y', true],
  ['yes', true],
  ['n', false],
  ['', false],
])('a person who answers %j decides', async (answer, isRun) => {
  const file = join(temporaryDirectory(), 'file');
  const { printed, ...streams } = terminal(answer);
  const command = isRun ? [['sh', '-c', 'exec >"$0" </dev/null', file]] : touch(file);
  expect(await applyCommands(command, { yes: false, ...streams })).toBe(isRun);
  expect(existsSync(file)).toBe(isRun);
  expect(printed()).toContain('[y/N]');
});

test('without a terminal and without --yes, nothing is run', async () => {
  const file = join(temporaryDirectory(), 'file');
  const { printed, ...streams } = terminal();
  const error = await failureOf(() => applyCommands(touch(file), { yes: false, ...streams }), 'usage');
  expect([error.code, existsSync(file)]).toEqual(['CONFIRMATION_MISSING', false]);
  expect(error.remedy).toContain('--yes');
  expect(printed()).toContain('touch');
});

test('a command that fails ends the work', async () => {
  const file = join(temporaryDirectory(), 'file');
  const { printed: _, ...streams } = terminal();
  const commands = [['false'], ['touch', file]];
  const error = await failureOf(() => applyCommands(commands, { yes: true, ...streams }), 'step');
  expect([error.message, existsSync(file)]).toEqual(['false failed with status 1', false]);
});
