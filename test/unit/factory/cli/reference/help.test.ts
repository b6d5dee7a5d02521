import { stripVTControlCharacters } from 'node:util';
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { describe, expect, test } from 'vitest';
import { createProgram, createWholeProgram } from '../../../../../src/factory/cli/program.ts';
import { exampleLines } from '../../../../../src/factory/cli/reference/example-lines.ts';
import { pathOf } from '../../../../../src/factory/cli/reference/guide-of.ts';
import { helpWidth } from '../../../../../src/factory/cli/reference/help-format.ts';

const program = await createWholeProgram();
const withBelow = (command: CommandUnknownOpts): CommandUnknownOpts[] => [
  command,
  ...command.commands.flatMap(withBelow),
];
const commands = withBelow(program);

/** The help of a command at a width. */
function helpOf(command: CommandUnknownOpts, columns: number): string {
  command.configureOutput({ getOutHelpWidth: () => columns });
  return stripVTControlCharacters(command.helpInformation());
}

describe.each([120, 80, 64, 40, 30])('at %i columns', (columns) => {
  test.each(commands.map((command) => [pathOf(command), command] as const))(
    'the help of "%s" fits',
    (_, command) => {
      const lines = helpOf(command, columns).split('\n');
      // A word is not cut, so a line of one word may be longer: a path, or an option and its value.
      const isOneWord = (line: string) => /^\s*(?:-\S+(?:, -\S+)?(?: \S+)?|\S+)(?: \\)?$/.test(line);
      expect(lines.filter((line) => line.length > columns && !isOneWord(line))).toEqual([]);
    },
  );

  test.each(commands.map((command) => [pathOf(command), command] as const))(
    'the help of "%s" has every word',
    (_, command) => {
      const text = helpOf(command, columns).replace(/\s+/g, ' ');
      const helper = command.createHelp();
      for (const option of helper.visibleOptions(command)) {
        expect(text).toContain(`${option.flags} ${helper.optionDescription(option).replace(/\s+/g, ' ')}`);
      }
      for (const below of command.commands) expect(text).toContain(`${below.name()} ${below.description()}`);
    },
  );
});

test.each(
  commands.filter(({ parent }) => parent !== null).map((command) => [pathOf(command), command] as const),
)('the help of "%s" has groups, examples and a page to read', (path, command) => {
  const text = helpOf(command, 80);
  expect(text).not.toContain('\nOptions:');
  expect(text).toMatch(/\nExamples:\n {2}\S/);
  expect(text).toContain(`    kairos-factory ${path.slice(0, 40)}`);
  expect(text).toMatch(/\nRead more: docs\//);
});

test('the list of commands is grouped by task', async () => {
  const text = helpOf(await createProgram(['--help']), 80);
  const headings = [...text.matchAll(/^(\S.*):$/gm)].map(([, heading]) => heading);
  expect(headings).toEqual(['General', 'Start', 'Build', 'Run', 'Trust', 'Publish', 'Explain']);
});

test.each([
  [undefined, 80],
  [0, 80],
  [40, 40],
  [10, 30],
  [300, 100],
])('a stream with %s columns has help of %i', (columns, width) => expect(helpWidth({ columns })).toBe(width));

test('an example is broken where a shell continues it', () => {
  expect(exampleLines('build --flavor debian', 80)).toEqual(['kairos-factory build --flavor debian']);
  expect(exampleLines('build --flavor debian', 30)).toEqual(['kairos-factory build \\', '  --flavor debian']);
  expect(exampleLines('sign a b --key k', 24)).toEqual(['kairos-factory sign a \\', '  b --key k']);
  const [long] = exampleLines('x'.repeat(60), 30).slice(-1);
  expect(long).toBe(`  ${'x'.repeat(60)}`);
});
