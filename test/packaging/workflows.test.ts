import { mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ciFile } from '../../src/factory/init/ci-text.ts';
import { PROJECT, TEST_HOME } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const read = (path: string) => readFile(join(PROJECT, path), 'utf8');
const [, workflow = ''] = /^```yml\n(.*?)^```$/ms.exec(await read('docs/ci.md')) ?? [];

let home: string;
beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'workflows-'));
});
afterAll(() => tool('rm', '-rf', home));

const ALL = process.env['KAIROS_FACTORY_TEST_ALL'] === '1';

describe.runIf(ALL)('workflows pass actionlint, with ShellCheck for their scripts', () => {
  // scripts/setup --test builds it, for a run of all tests: ci.test.ts compares every workflow with the schema of its service.
  const lint = async (workflows: Readonly<Record<string, string>>) => {
    const project = await mkdtemp(join(home, 'workflows-'));
    const directory = join(project, '.github/workflows');
    await mkdir(directory, { recursive: true });
    // What makes the directory a project, and our action one that its workflows use.
    await mkdir(join(project, '.git'));
    await writeFile(join(project, 'action.yml'), await read('action.yml'));
    for (const [name, text] of Object.entries(workflows)) {
      const local = text.replace('example/kairos-factory@v1', './');
      await writeFile(join(directory, `${name}.yml`), local);
    }
    const files = Object.keys(workflows).map((name) => join(directory, `${name}.yml`));
    const { all, exitCode } = await execa('actionlint', ['-no-color', '-oneline', ...files], {
      ...{ cwd: project, reject: false, all: true },
      env: { PATH: `${join(PROJECT, '.tools/bin')}:${process.env['PATH']}` },
    });
    // 1: it found something. Anything else is a failure of its own, also that it is not there.
    expect([0, 1], all).toContain(exitCode);
    return all;
  };

  test('our own, those of the page and of init', async () => {
    const own = {
      prove: await read('.github/workflows/prove.yml'),
      test: await read('.github/workflows/test.yml'),
    };
    expect(workflow).toContain('example/kairos-factory@v1');
    expect(await lint({ ...own, page: workflow, init: ciFile('github').text })).toBe('');
  });

  test.each([
    [
      'an input that our action does not have',
      /^( +)config: kairos-factory\.yaml$/m,
      '$1configs: x',
      '"configs"',
    ],
    ['an output that it does not have', /outputs\.output/, 'outputs.folder', '"folder"'],
    ['a mistake in a script', /run: echo "\$TOKEN"/, 'run: echo $TOKEN', 'SC2086'],
  ])('%s is found', async (_, from, to, found) => {
    expect(await lint({ page: workflow.replace(from, to) })).toContain(found);
  });
});
