import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { TEMPLATES } from '../../../../../src/factory/pipeline/project-files.ts';
import { temporaryDirectory } from '../../../support/temporary.ts';

/** What the real program prints: a log in colours, also with versions of other programs, and then its own version. */
const LOGGED =
  '\x1b[90m2026-08-01T12:00:00Z\x1b[0m \x1b[32mINF\x1b[0m Starting \x1b[36mframework=\x1b[0mv2.9.0\n\n0.5.1\n';

/** Runs the script beside a program that prints the text. @returns whether it accepts the version, and its message */
function check(shell: readonly string[], printed: string, version: string): string {
  const directory = temporaryDirectory();
  copyFileSync(join(TEMPLATES, 'build/check-kairos-init.sh'), join(directory, 'check.sh'));
  writeFileSync(join(directory, 'printed'), printed);
  writeFileSync(join(directory, 'kairos-init'), '#!/bin/sh\ncat "$(dirname "$0")/printed"\n');
  chmodSync(join(directory, 'kairos-init'), 0o755);
  const [program = '', ...args] = shell;
  try {
    execFileSync(program, [...args, join(directory, 'check.sh'), version], { stdio: 'pipe' });
    return 'accepted';
  } catch (error) {
    return String((error as { stderr: Buffer }).stderr).trim();
  }
}

describe.each([[['sh']], [['busybox', 'sh']]])('with %j', (shell) => {
  test.each([
    ['v0.5.1\n', 'v0.5.1'],
    ['kairos-init v0.5.1\n', '0.5.1'],
    ['kairos-init version 0.5.1, built yesterday', 'v0.5.1'],
    [LOGGED, 'v0.5.1'],
    ['\x1b[32mINF\x1b[0m \x1b[36mversion=\x1b[0mv0.5.1\n', 'v0.5.1'],
  ])('%j is accepted as %s', (printed, version) => {
    expect(check(shell, printed, version)).toBe('accepted');
  });

  test.each([
    ['v0.5.1\n', 'v0.5.10'],
    ['v0.5.10\n', 'v0.5.1'],
    [LOGGED, 'v2.9.0'],
    ['', 'v0.5.1'],
  ])('%j is refused as %s', (printed, version) => {
    const last = printed.trim().split('\n').at(-1) ?? '';
    expect(check(shell, printed, version)).toBe(
      `kairos-init is not version ${version.slice(1)}: it reports "${last}"`,
    );
  });
});
