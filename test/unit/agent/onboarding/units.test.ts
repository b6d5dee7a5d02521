import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const UNITS = fileURLToPath(
  new URL('../../../../templates/image/systemd/usr/lib/systemd/system', import.meta.url),
);
const read = (name: string) => readFileSync(join(UNITS, name), 'utf8');

describe('units of the image', () => {
  // systemd settles conflicts before it looks at conditions: a unit that is enabled, and whose conditions do not hold,
  // would still take the login of tty1 away from every node.
  test.each(readdirSync(UNITS).filter((name) => name.endsWith('.service')))(
    '%s does not conflict with logins',
    (name) => {
      expect(read(name)).not.toMatch(/^Conflicts=.*getty/m);
    },
  );

  test('tty1 has a login, except during the dialogue of the live medium', () => {
    const conditions = read('getty@tty1.service.d/10-kairos.conf').match(/^Condition.*$/gm);
    // One of them is enough ("|"); the dialogue starts when neither holds.
    expect(conditions).toEqual([
      'ConditionKernelCommandLine=|!install-mode-interactive',
      'ConditionPathExists=|!/run/cos/live_mode',
    ]);
    expect(read('kairos-interactive.service')).toContain(
      'ConditionKernelCommandLine=install-mode-interactive\nConditionPathExists=/run/cos/live_mode\n',
    );
  });

  test('a login does not wait for the network', () => {
    expect(read('cos-setup-network.service')).not.toMatch(/^Before=/m);
    expect(read('cos-setup-boot.service')).not.toMatch(/^(After|Wants|Requires)=.*network/m);
  });

  test('the unit that fails when the configuration was not applied waits for every stage of the boot', () => {
    const unit = read('kairos-configuration.service');
    // The notice is that of the test of stage records. A condition would leave a unit failed that has nothing to report any more.
    expect(unit).toContain(
      "ExecStart=/bin/sh -c '[ ! -e /etc/motd.d/20-kairos-configuration ] || exec /usr/bin/kairos-agent doctor stages'\n",
    );
    expect(unit.match(/^Condition.*$/gm)).toEqual(['ConditionFileIsExecutable=/usr/bin/kairos-agent']);
    for (const stage of ['fs', 'boot', 'network'])
      expect(unit).toMatch(new RegExp(`^After=.*cos-setup-${stage}`, 'm'));
    expect(read('cos-setup-reconcile.service')).toContain('restart kairos-configuration.service');
  });
});
