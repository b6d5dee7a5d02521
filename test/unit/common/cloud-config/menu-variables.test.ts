import { describe, expect, test } from 'vitest';
import { runInstall } from '../../../../src/agent/deploy/install.ts';
import { runReset } from '../../../../src/agent/deploy/reset.ts';
import { runUpgrade } from '../../../../src/agent/deploy/upgrade.ts';
import { menuVariables } from '../../../../src/common/cloud-config/menu-variables.ts';
import { examineCloudConfig } from '../../../../src/common/cloud-config/validate.ts';
import { slotNode } from '../../agent/support/slot-node.ts';

const out = () => undefined;
const ADMIN = { users: [{ name: 'a', groups: ['admin'], ssh_authorized_keys: ['github:a'] }] };

test.each([
  ['quiet splash\n', 'quiet splash'],
  ['  quiet  ', 'quiet'],
  ['console=tty0\nconsole=ttyS0\n', 'console=tty0 console=ttyS0'],
  ['a \n\n  b\r\n', 'a b'],
])('kernel arguments are on one line: %j', (value, expected) => {
  expect(menuVariables({ grub_options: { extra_cmdline: value } })).toEqual({ extra_cmdline: expected });
  expect(menuVariables({ install: { grub_options: { extra_recovery_cmdline: value } } })).toEqual({
    extra_recovery_cmdline: expected,
  });
});

const TOO_LONG = 'a'.repeat(1100);

/** Each has a problem, and the place that validation names. */
const CASES = [
  [{ grub_options: { extra_cmdline: TOO_LONG } }, 'grub_options'],
  [{ install: { grub_options: { extra_cmdline: TOO_LONG } } }, 'install.grub_options'],
  [{ grub_options: { extra_cmdline: 'ä'.repeat(500) } }, 'grub_options'],
  // It fits, but then the next boot could not be selected.
  [{ grub_options: { extra_cmdline: 'a'.repeat(975) } }, 'grub_options'],
  [{ grub_options: { default_menu_entry: 'two\nlines' } }, 'grub_options'],
  [{ install: { 'grub-entry-name': TOO_LONG } }, 'install.grub-entry-name'],
  [{ upgrade: { 'grub-entry-name': 'two\nlines' } }, 'upgrade.grub-entry-name'],
  [{ reset: { 'grub-entry-name': TOO_LONG } }, 'reset.grub-entry-name'],
] as const;

describe.each(CASES)('what does not fit into an environment block is refused: %.60j', (config, place) => {
  test('by validation', () => {
    const text = `#cloud-config\n${JSON.stringify({ ...ADMIN, ...config })}\n`;
    expect(examineCloudConfig('file', text)).toEqual([
      expect.objectContaining({ severity: 'error', message: expect.stringContaining(`${place}: `) }),
    ]);
  });

  test.each(['install', 'upgrade', 'reset'])(
    'by the agent before anything is written: %s',
    async (operation) => {
      const { host } = await slotNode(operation === 'reset' ? { booted: 'COS_SYSTEM kairos.reset' } : {});
      await using _ = host;
      const request = { config: { ...ADMIN, ...config }, configText: '', source: 'file:/usr/local/next.img' };
      const run = { install: runInstall, upgrade: runUpgrade, reset: runReset }[operation];
      await expect(run?.({ host, out }, request)).rejects.toMatchObject({
        code: 'CLOUD_CONFIG_INVALID',
        remedy: expect.any(String),
      });
      expect(host.commands()).toEqual([]);
    },
  );
});

test('the largest values that fit are accepted', () => {
  const text = `#cloud-config\n${JSON.stringify({ ...ADMIN, grub_options: { extra_cmdline: 'a'.repeat(950) } })}\n`;
  expect(examineCloudConfig('file', text)).toEqual([]);
});

describe('arguments that GRUB would change', () => {
  const config = { ...ADMIN, install: { grub_options: { extra_cmdline: "a='b c'" } } };

  test('are refused by validation', () => {
    expect(examineCloudConfig('file', `#cloud-config\n${JSON.stringify(config)}\n`)).toEqual([
      expect.objectContaining({
        severity: 'error',
        message: expect.stringContaining('install.grub_options.extra_cmdline: GRUB writes a backslash'),
      }),
    ]);
  });

  test('are refused by an installation, and keep no node from its upgrade', async () => {
    const { host } = await slotNode();
    await using _ = host;
    const request = { config, configText: '', source: 'file:/usr/local/next.img' };
    await expect(runInstall({ host, out }, request)).rejects.toMatchObject({ code: 'CLOUD_CONFIG_INVALID' });
    await runUpgrade({ host, out }, request);
  });
});
