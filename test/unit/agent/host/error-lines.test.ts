import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { execa } from 'execa';
import { describe, expect, test } from 'vitest';
import { errorLines, explainOnNode } from '../../../../src/agent/host/error-lines.ts';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import { PROJECT } from '../../../support/factory.ts';

/** Runs the agent from its sources, in a shell, with its own runtime. */
function agent(line: string) {
  const program = `agent() { ${join(PROJECT, 'node_modules/.bin/bun')} ${join(PROJECT, 'src/agent/main.ts')} "$@"; }`;
  return execa('bash', ['-o', 'pipefail', '-c', `${program}; ${line}`], { reject: false, cwd: PROJECT });
}

describe('errors of the agent', () => {
  test('show what failed, the details, the remedy and the code, each once', () => {
    const error = new FactoryError('OPTION_INVALID', 'it failed', { details: ['a'], remedy: 'Do it.' });
    expect(errorLines(error)).toEqual(['it failed', '  a', '  to do: Do it.', '  code: OPTION_INVALID']);
  });

  test.each([
    ['EACCES', 'PERMISSION_DENIED', 'root'],
    ['ENOENT', 'PATH_NOT_FOUND', 'exists'],
    ['ENOSPC', 'DISK_FULL', 'Free some space'],
  ])('of the operating system get a code and a remedy: %s', (code, ours, remedy) => {
    const error = Object.assign(new Error(`${code}: open '/x'`), { code, errno: -1 });
    expect(explainOnNode(error)).toMatchObject({ code: ours, remedy: expect.stringContaining(remedy) });
  });

  test('that are defects keep their stack', async () => {
    const error = await readFile('/dev/null').then(() => new TypeError('x is undefined'));
    expect(errorLines(explainOnNode(error))[0]).toContain('defect of kairos-agent');
  });

  test('reach the terminal once, and without a stack', async () => {
    const { exitCode, stderr } = await agent('agent validate /nope');
    expect(exitCode).toBe(2);
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^error: .*\/nope/),
      expect.stringMatching(/^ {2}to do: /),
      expect.stringMatching(/^ {2}code: /),
    ]);
  });
});

test.each(['print-schema', '--help'])('a reader that goes away is not an error: %s', async (command) => {
  const { exitCode, stderr } = await agent(`agent ${command} | head -1 >/dev/null`);
  expect([exitCode, stderr]).toEqual([0, '']);
});
