import { describe, expect, test } from 'vitest';
import { installOptions } from '../../../../src/agent/deploy/install-options.ts';
import { noteEvent } from '../../../../src/agent/deploy/node-state.ts';
import { writeOemFiles } from '../../../../src/agent/deploy/oem-files.ts';
import { grubEnvironment } from '../../../../src/common/contract/grub-environment.ts';
import { testHost } from '../support/test-host.ts';

const CONFIG = '#cloud-config\nhostname: a\n';

describe('writeOemFiles', () => {
  test('writes the configuration with a private mode, and an empty GRUB environment', async () => {
    await using host = await testHost();
    await writeOemFiles(host, '/oem', { options: installOptions({}), configText: CONFIG });
    expect(await host.readText('/oem/90_custom.yaml')).toBe(CONFIG);
    expect((await host.stat('/oem/90_custom.yaml'))?.mode).toBe(0o640);
    expect(await host.readBytes('/oem/grubenv')).toEqual(grubEnvironment({}));
    expect(await host.list('/oem')).toEqual(['90_custom.yaml', 'grubenv']);
  });

  test('writes a second configuration after the existing one, and an identical one not at all', async () => {
    await using host = await testHost({ files: { '/oem/90_custom.yaml': '#cloud-config\n' } });
    await writeOemFiles(host, '/oem', { options: installOptions({}), configText: CONFIG });
    await writeOemFiles(host, '/oem', { options: installOptions({}), configText: CONFIG });
    expect(await host.list('/oem')).toEqual(['90_custom.yaml', '91_custom.yaml', 'grubenv']);
  });

  test('writes mounts, SSH hardening and GRUB options', async () => {
    await using host = await testHost();
    const install = { bind_mounts: ['/var/a', '/var/b'], ssh_hardening: true };
    const options = installOptions({ install, grub_options: { extra_cmdline: 'quiet' } });
    await writeOemFiles(host, '/oem', { options, configText: CONFIG });
    const mounts = await host.readText('/oem/10_user_custom_mounts.yaml');
    expect(mounts).toMatch(/^#cloud-config\n/);
    expect(mounts).toContain('environment_file: /run/cos/custom-layout.env');
    expect(mounts).toContain('CUSTOM_BIND_MOUNTS: /var/a /var/b');
    expect(await host.readText('/oem/10_ssh_hardening.yaml')).toContain('PermitRootLogin no');
    expect(await host.readBytes('/oem/grubenv')).toEqual(grubEnvironment({ extra_cmdline: 'quiet' }));
  });
});

describe('noteEvent', () => {
  test('records time and source, and "never" for other events', async () => {
    await using host = await testHost();
    await noteEvent(host, '/p', { event: 'first-install', source: 'dir:/run/rootfsbase' });
    await noteEvent(host, '/p', { event: 'last-active-upgrade', source: 'oci:r/os:v2' });
    expect(await host.readText('/p/.kairos-state')).toBe(
      [
        'first-install: 2026-01-02T03:04:05Z',
        'first-install-source: dir:/run/rootfsbase',
        'last-active-upgrade: 2026-01-02T03:04:05Z',
        'last-recovery-upgrade: never',
        'last-reset: never',
        'last-active-source: oci:r/os:v2',
        '',
      ].join('\n'),
    );
  });

  test.each(['{', '- a list\n', 'text'])('keeps a file that cannot be parsed: %j', async (content) => {
    await using host = await testHost({ files: { '/p/.kairos-state': content } });
    await noteEvent(host, '/p', { event: 'last-reset', source: 'x' });
    expect(await host.readText('/p/.kairos-state.bak')).toBe(content);
    expect(await host.readText('/p/.kairos-state')).toContain('last-reset-source: x');
  });
});
