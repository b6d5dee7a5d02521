import { spawnSync } from 'node:child_process';
import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryDirectory } from '../support/temporary.ts';

const SETUP = join(import.meta.dirname, '../../../scripts/setup');

/** Runs it with nothing but a shell: no package manager, and nothing that could install or change anything. */
function setup(...args: string[]) {
  const bin = temporaryDirectory();
  for (const name of ['sh', 'dirname']) symlinkSync(`/usr/bin/${name}`, join(bin, name));
  return spawnSync('/bin/sh', [SETUP, ...args], { encoding: 'utf8', env: { PATH: bin } });
}

describe('scripts/setup', () => {
  test('says in one message what it lacks on a distribution without dpkg', () => {
    const { status, stdout, stderr } = setup();
    expect({ status, stdout }).toEqual({ status: 3, stdout: '' });
    expect(stderr.split('\n')).toEqual([
      expect.stringMatching(/^error: this machine has no dpkg and apt-get/),
      expect.stringMatching(/^ {2}to do: .*docs\/install\.md/),
      '',
    ]);
  });

  test.each(['--help', '-h'])('explains itself with %s', (flag) => {
    const { status, stdout, stderr } = setup(flag);
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout).toMatch(/^Usage: scripts\/setup[\s\S]*--test[\s\S]*--arch/);
  });

  test('refuses an unknown argument', () => {
    expect(setup('--tests')).toMatchObject({
      status: 2,
      stderr: 'error: scripts/setup: unknown argument --tests (add --help for all options)\n',
    });
  });
});
