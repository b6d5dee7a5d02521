import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bashCompletion } from '../../src/common/completion/bash.ts';
import { fishCompletion } from '../../src/common/completion/fish.ts';
import { zshCompletion } from '../../src/common/completion/zsh.ts';
import { COMMAND_NAMES } from '../../src/factory/cli/command-names.ts';
import { createWholeProgram } from '../../src/factory/cli/program.ts';
import { commandsPage } from '../../src/factory/cli/reference/command-pages.ts';
import { catalogWords } from '../../src/factory/cli/reference/completion/catalog-words.ts';
import { completedCommands } from '../../src/factory/cli/reference/completion/completed-command.ts';
import {
  type DescribedCommand,
  describeCommand,
  optionsOf,
  UNKNOWN,
} from '../../src/factory/cli/reference/describe-command.ts';
import { manualPages } from '../../src/factory/cli/reference/manual-page.ts';
import { ARGUMENT_VALUES, OPTION_VALUES } from '../../src/factory/cli/reference/option-values.ts';
import { PROJECT } from '../support/factory.ts';

const program = await createWholeProgram();
const described = describeCommand(program);
const completed = completedCommands(described, await catalogWords());
const scripts = {
  bash: bashCompletion({ program: 'kairos-factory', commands: completed }),
  zsh: zshCompletion({ program: 'kairos-factory', commands: completed }),
  fish: fishCompletion({ program: 'kairos-factory', commands: completed }),
};
const pages = new Map(manualPages(described, '0.0.0').map(({ file, text }) => [file, text]));
const everyCommand = (command: DescribedCommand): DescribedCommand[] => [
  command,
  ...command.commands.flatMap(everyCommand),
];
const all = everyCommand(described);

describe.each(described.commands.map((command) => [command.path, command] as const))(
  '%s',
  (path, command) => {
    const help = () => program.commands.find((each) => each.name() === path)?.helpInformation() ?? '';

    test('has help with an example, and options in groups', () => {
      expect(help()).toMatch(/\nExamples:\n {2}\S.*:\n {4}kairos-factory /);
      expect(help()).not.toContain('\nOptions:\n');
      expect(help()).not.toContain('\nCommands:\n  help');
    });
    test('has a page of the documentation', async () => {
      expect(await readFile(join(PROJECT, 'docs/commands.md'), 'utf8')).toContain(`\n## ${path}\n`);
      for (const page of command.guide?.pages ?? [])
        expect(existsSync(join(PROJECT, 'docs', `${page}.md`)), page).toBe(true);
    });
    test('has a manual page with its options', () => {
      const page = pages.get(`kairos-factory-${path}.1`) ?? '';
      for (const { names } of optionsOf(command))
        for (const name of names) expect(page).toContain(name.replaceAll('-', '\\-'));
    });
    test.each(['bash', 'zsh', 'fish'] as const)('is completed in %s', (shell) => {
      expect(scripts[shell]).toMatch(new RegExp(`['\\s]${path}['\\s:)]`));
    });
    test('says what each option and argument takes, in option-values.ts', () => {
      const own = everyCommand(command);
      const taken = own.flatMap((each) => [
        ...optionsOf(each).map(({ flags, values }) => ({ what: flags, values })),
        ...each.arguments.map(({ name, values }) => ({ what: name, values })),
      ]);
      expect(taken.filter(({ values }) => values === UNKNOWN).map(({ what }) => what)).toEqual([]);
    });
    test('has examples with its own options', () => {
      for (const { line } of command.guide?.examples ?? []) {
        // What follows -- belongs to another program.
        const words = line.split(' -- ')[0]?.split(' ') ?? [];
        expect(words[0]).toBe(path);
        const used =
          all.filter((each) => line === each.path || line.startsWith(`${each.path} `)).at(-1) ?? command;
        const known = optionsOf(used).flatMap(({ names }) => names);
        for (const word of words.filter((each) => each.startsWith('-')))
          expect(known, line).toContain(word.split('=')[0]);
      }
    });
  },
);

test('docs/commands.md is what "npm run docs" writes', async () => {
  expect(await readFile(join(PROJECT, 'docs/commands.md'), 'utf8')).toBe(commandsPage(described));
});

test('no row of the tables of values is left over', () => {
  const isUsed = (key: string) =>
    all.some(({ path, groups, arguments: taken }) => {
      const names = groups.flatMap(({ options }) => options.flatMap((option) => option.names));
      return [
        ...names,
        ...names.map((name) => `${path} ${name}`),
        ...taken.map(({ name }) => `${path} <${name}>`),
      ].includes(key);
    });
  const rows = [...Object.keys(OPTION_VALUES), ...Object.keys(ARGUMENT_VALUES)];
  expect(rows.filter((key) => !isUsed(key))).toEqual([]);
  expect(COMMAND_NAMES.length).toBeGreaterThan(15);
});
