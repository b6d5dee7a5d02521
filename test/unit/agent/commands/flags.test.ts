import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { installBundleCommand } from '../../../../src/agent/commands/install-bundle.ts';
import { upgradeCommand } from '../../../../src/agent/commands/upgrade.ts';
import { SCOPES } from '../../../../src/common/contract/extension-kinds.ts';
import { unreadFlags } from '../../../support/unread-flags.ts';
import { testHost } from '../support/test-host.ts';

const COMMANDS = join(import.meta.dirname, '../../../../src/agent/commands');
const FILES = readdirSync(COMMANDS).map((name) => join(COMMANDS, name));
/** Flags that are read as a group, by the names of the scopes. */
const SCOPE_FLAGS: readonly string[] = SCOPES;

test.each(FILES)('%s reads each flag that it declares', (file) => {
  expect(unreadFlags(file).filter((flag) => !SCOPE_FLAGS.includes(flag))).toEqual([]);
});

describe('upstream flags that are partly supported', () => {
  test('a boot entry that cannot be upgraded is refused', async () => {
    await using host = await testHost({});
    const command = upgradeCommand({ host, out: () => undefined }).exitOverride();
    command.configureOutput({ writeErr: () => undefined });
    await expect(command.parseAsync(['--boot-entry', 'passive'], { from: 'user' })).rejects.toThrow(
      'Allowed choices are active, recovery',
    );
  });

  test('a package repository causes a warning', async () => {
    await using host = await testHost({});
    const command = installBundleCommand({ host, out: () => undefined }).exitOverride();
    const args = ['--repository', 'docker://example.org/packages', 'package://a'];
    await expect(command.parseAsync(args, { from: 'user' })).rejects.toThrow('package://a');
    expect(host.logged.join('\n')).toContain('warn --repository has no effect: ');
  });
});
