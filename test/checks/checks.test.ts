import { execa } from 'execa';
import { expect, test } from 'vitest';
import { INTERRUPTED_MENU } from '../../src/agent/deploy/boot-loader.ts';
import { ASSESSMENT_HOOK, ASSESSMENT_SCRIPT } from '../../src/common/contract/boot-assessment.ts';
import { INSTALLED_STUB } from '../../src/common/contract/boot-loader.ts';
import { PROJECT } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

/** Runs a checker over the project; its findings are the failure's message. */
async function check(command: string, ...args: string[]): Promise<void> {
  const { exitCode, all } = await execa(command, args, {
    cwd: PROJECT,
    reject: false,
    all: true,
    preferLocal: true,
  });
  expect(exitCode, all).toBe(0);
}

async function files(...patterns: string[]): Promise<string[]> {
  const listed = await tool(
    'git',
    '-C',
    PROJECT,
    'ls-files',
    '--cached',
    '--others',
    '--exclude-standard',
    '--',
    ...patterns,
  );
  return listed.split('\n').filter(Boolean);
}

test('format and lint', () => check('biome', 'check', '--error-on-warnings', '.'));
test('types', () => check('tsc', '--noEmit'));
test('no dead code', () => check('knip'));
test('shell scripts', async () => {
  const initramfs = 'templates/image/initramfs/usr/lib/kairos/initramfs';
  const scripts = await files(
    'scripts',
    ':!scripts/*.ts',
    ':!scripts/*.json',
    '.ci/run',
    'bin',
    ':!bin/*.cjs',
    'deploy/ci',
    'test/support/cuts/*.sh',
    'templates/build/*.sh',
    'templates/image/*.sh',
    'templates/image/dracut/**/*.sh',
    'templates/image/openrc/etc/init.d/*',
    'templates/image/openrc/usr/lib/kairos/*',
    'templates/image/openrc/etc/profile.d/*',
    'templates/kubernetes/**/init.d/*',
    `${initramfs}/init`,
    `${initramfs}/*.sh`,
  );
  expect(scripts.length).toBeGreaterThan(8);
  // Sourced files stand elsewhere in the image.
  await check('shellcheck', '--exclude=SC1091', ...new Set(scripts));
});
test('boot menus', async () => {
  const menus = await files('templates/*grub*.cfg', 'templates/**/grub*.cfg');
  expect(menus.length).toBeGreaterThan(1);
  for (const menu of menus) await check('grub-script-check', menu);
  const scripts = { ASSESSMENT_HOOK, ASSESSMENT_SCRIPT, INTERRUPTED_MENU, INSTALLED_STUB };
  for (const [name, script] of Object.entries(scripts)) {
    const { exitCode, all } = await execa('grub-script-check', { input: script, reject: false, all: true });
    expect(exitCode, `${name}: ${all}`).toBe(0);
  }
});
