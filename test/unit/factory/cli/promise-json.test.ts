import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { PROJECT } from '../../../support/factory.ts';

/** Runs the program from its sources. */
function run(...args: string[]) {
  const main = join(PROJECT, 'src/factory/cli/main.ts');
  const { status, stdout } = spawnSync(process.execPath, ['--experimental-strip-types', main, ...args], {
    encoding: 'utf8',
    cwd: PROJECT,
  });
  return { status, stdout };
}

describe('--json', () => {
  test.each([
    [['build', '--flavour', 'x', '--json'], "unknown option '--flavour'"],
    [['check', '--json'], "missing required argument 'image'"],
    [['build', '--artifact', ',', '--json'], '--artifact is empty'],
    [['diff', 'a', '--json'], 'missing required argument'],
  ])('%j prints the error as JSON', (args, message) => {
    const { status, stdout } = run(...args);
    expect(status).toBe(2);
    const { error } = JSON.parse(stdout) as { error: Record<string, unknown> };
    expect(error).toMatchObject({ kind: 'usage', status: 2, code: 'OPTION_INVALID' });
    expect(error['message']).toContain(message);
  });

  test('after -- is an argument, and help is not an error', () => {
    expect(run('build', '--flavour', '--', '--json').stdout).toBe('');
    expect(run('build', '--help', '--json')).toMatchObject({
      status: 0,
      stdout: expect.stringContaining('Usage:'),
    });
  });
});
