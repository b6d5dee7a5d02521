import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { createWholeProgram } from '../../../../../src/factory/cli/program.ts';
import { describeCommand, optionsOf } from '../../../../../src/factory/cli/reference/describe-command.ts';
import { manualPages } from '../../../../../src/factory/cli/reference/manual-page.ts';
import { tool } from '../../../../support/tool.ts';
import { plant, sharedDirectory } from '../../../support/temporary.ts';

const program = describeCommand(await createWholeProgram());
const pages = manualPages(program, '1.2.3');

test('there is a page for the program and one for each command', () => {
  expect(pages.map(({ file }) => file)).toEqual([
    'kairos-factory.1',
    ...program.commands.map(({ path }) => `kairos-factory-${path}.1`),
  ]);
});

describe.each(pages)('$file', ({ file, text }) => {
  const path = join(plant(sharedDirectory(), { [file]: text }), file);

  test('is clean for mandoc', async () => {
    // Mandoc ends with 2 for warnings. A date would make each build another one.
    const { stdout } = await execa('mandoc', ['-Tlint', '-Wwarning', path], { reject: false });
    const findings = stdout
      .split('\n')
      .filter((line) => !line.endsWith('WARNING: missing date, using "": TH'));
    expect(findings).toEqual([]);
  });

  test('is read by man, with every option and example', async () => {
    const shown = await tool(
      'env',
      'MANWIDTH=80',
      'LC_ALL=C.UTF-8',
      'MAN_KEEP_FORMATTING=',
      'man',
      '--warnings',
      '-P',
      'cat',
      '-l',
      path,
    );
    const words = shown.replace(/\s+/g, ' ');
    const command = program.commands.find((each) => file === `kairos-factory-${each.path}.1`) ?? program;
    for (const { names } of optionsOf(command)) for (const name of names) expect(words).toContain(name);
    for (const { what } of command.guide?.examples ?? []) expect(words).toContain(`${what}:`);
    expect(words).toContain('EXIT STATUS');
    for (const line of shown.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  });
});
