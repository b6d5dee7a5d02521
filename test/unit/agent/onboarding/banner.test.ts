import { describe, expect, test } from 'vitest';
import { globalAddresses } from '../../../../src/agent/onboarding/addresses.ts';
import { renderBanner } from '../../../../src/agent/onboarding/banner.ts';
import { showBanner } from '../../../../src/agent/onboarding/show-banner.ts';
import { testHost } from '../support/test-host.ts';

const IP = JSON.stringify([
  {
    ifname: 'lo',
    flags: ['LOOPBACK', 'UP'],
    addr_info: [{ family: 'inet', local: '127.0.0.1', scope: 'host' }],
  },
  {
    ifname: 'eth0',
    flags: ['UP'],
    addr_info: [
      { family: 'inet6', local: '2001:db8::5', scope: 'global' },
      { family: 'inet6', local: 'fe80::1', scope: 'link' },
      { family: 'inet', local: '192.0.2.5', scope: 'global' },
    ],
  },
]);

test('globalAddresses lists global addresses, IPv4 first', async () => {
  await using host = await testHost({ run: () => IP });
  expect(await globalAddresses(host)).toEqual(['192.0.2.5', '2001:db8::5']);
  await using without = await testHost({ missing: ['ip'] });
  expect(await globalAddresses(without)).toEqual([]);
});

describe('renderBanner', () => {
  test('shows how to proceed, with a QR code, within 80 columns except for one sentence', () => {
    const text = renderBanner({ system: 'kairos v1', addresses: ['192.0.2.5'] });
    expect(text).toContain('ssh kairos@192.0.2.5   (password: kairos)');
    expect(text).toMatch(/[▀▄█]{5}/);
    const code = text.split('\n').filter((line) => /[▀▄█]/.test(line));
    expect(Math.max(...code.map((line) => line.length))).toBeLessThan(80);
  });

  test('shows no QR code without an address', () => {
    const text = renderBanner({ system: 'kairos v1', addresses: [] });
    expect(text).toContain('No network yet');
    expect(text).not.toMatch(/[▀▄█]/);
  });
});

test('mistakes of the configuration are shown at once, and again when they change', async () => {
  await using host = await testHost({ run: ({ program }) => (program === 'ip' ? IP : '') });
  const mistakes = ['/oem/a.yaml: install.auto: expected true or false, found "true"'];
  const shown = await showBanner(host);
  const after = await showBanner(host, { shown, mistakes });
  const text = await host.readText('/run/issue.d/50-kairos-live.issue');
  expect(text).toContain('mistakes, so that the installation does not start:\n  /oem/a.yaml: install.auto: ');
  expect(await showBanner(host, { shown: after, mistakes })).toBe(after);
});

test('showBanner writes the issue file of agetty, and again only when addresses change', async () => {
  const files = { '/etc/kairos-release': 'KAIROS_NAME="kairos-x"\nKAIROS_VERSION="v1.2.3"\n' };
  await using host = await testHost({ files, run: ({ program }) => (program === 'ip' ? IP : '') });
  const shown = await showBanner(host);
  expect(await host.readText('/run/issue.d/50-kairos-live.issue')).toContain('kairos-x v1.2.3: live system');
  expect(host.commands()).toContain('agetty --reload');
  const before = host.calls.length;
  expect(await showBanner(host, { shown })).toBe(shown);
  expect(host.commands().slice(before)).toEqual(['ip -json address']);
});
