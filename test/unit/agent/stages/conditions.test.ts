import { expect, test } from 'vitest';
import { conditionsHold, explainConditions } from '../../../../src/agent/stages/conditions.ts';
import type { StageStep } from '../../../../src/common/cloud-config/step-schema.ts';
import { type TestHostOptions, testHost } from '../support/test-host.ts';

const files = {
  '/etc/os-release': 'PRETTY_NAME="Ubuntu 24.04 LTS"\nNAME="Ubuntu"\nID=ubuntu\nVERSION_ID="24.04"\n',
  '/proc/sys/kernel/hostname': 'node-12\n',
  '/usr/bin/systemctl': '',
  '/run/cos/live_mode': '',
};

async function explain(step: StageStep, options: TestHostOptions = {}): Promise<string | undefined> {
  await using host = await testHost({ files, ...options });
  return await explainConditions(
    { host, step, expand: async (text) => text.replace('{{ x }}', 'expanded') },
    step,
  );
}

test.each<StageStep>([
  {},
  { only_os: 'Ubuntu.*|Debian.*' },
  { only_os: '^Ubuntu 24' },
  { only_os: '^Ubuntu$' },
  { only_os: '^ubuntu$' },
  { only_os: '(?i)UBUNTU' },
  { only_os: '[O-o]penSUSE.*|ubuntu' },
  { only_os_version: '^24\\.04$' },
  { only_os_version: '2[2-4].*' },
  { only_arch: 'amd64' },
  { only_arch: 'arm64|amd.*' },
  { node: 'node-[0-9]+' },
  { only_service_manager: 'systemd' },
  { only_service_manager: 'SystemD' },
  { if_files: { all: ['/etc/os-release', '/run/cos/live_mode'] } },
  { if_files: { any: ['/nothing', '/run/cos/live_mode'] } },
  { if_files: { none: ['/nothing'] } },
  { if_files: { any: [], all: [], none: [] } },
  { if: '[ -e /x ]' },
  { node: '', only_os: '', only_os_version: '', only_arch: '', only_service_manager: '', if: '' },
])('%j holds', async (step) => {
  expect(await explain(step)).toBeUndefined();
});

test.each<readonly [StageStep, string]>([
  [
    { only_os: 'Fedora' },
    'only_os: the OS is "Ubuntu 24.04 LTS", "Ubuntu", "ubuntu", which "Fedora" does not match',
  ],
  [
    { only_os_version: '^22' },
    'only_os_version: the version of the OS is "24.04", which "^22" does not match',
  ],
  [{ only_arch: 'arm64' }, 'only_arch: the architecture is "amd64", which "arm64" does not match'],
  [{ node: '^master' }, 'node: the host name is "node-12", which "^master" does not match'],
  [{ only_service_manager: 'openrc' }, 'only_service_manager: openrc is not installed'],
  [{ if_files: { all: ['/etc/os-release', '/nothing'] } }, 'if_files: /nothing does not exist'],
  [{ if_files: { any: ['/nothing', '/nowhere'] } }, 'if_files: none of /nothing, /nowhere exists'],
  [{ if_files: { none: ['/run/cos/live_mode'] } }, 'if_files: /run/cos/live_mode exists'],
])('%j is a reason to skip', async (step, reason) => {
  expect(await explain(step)).toBe(reason);
});

test('a machine without os-release has no OS to match', async () => {
  expect(await explain({ only_os: 'Ubuntu' }, { files: {} })).toBe(
    'only_os: the OS is unknown, which "Ubuntu" does not match',
  );
});

test('the shell decides after its command is expanded', async () => {
  const step = { name: 'a step', if: '[ -n "{{ x }}" ]' };
  await using host = await testHost({ run: () => ({ status: 1 }) });
  const context = { host, step, expand: async (text: string) => text.replace('{{ x }}', 'expanded') };
  expect(await conditionsHold(context, step)).toBe(false);
  expect(host.commands()).toEqual(['/bin/sh -c [ -n "expanded" ]']);
  expect(host.logged).toEqual(['debug a step: skipped: if: the command exited with status 1']);
});

test('the shell does not run when another condition does not hold', async () => {
  await using host = await testHost({ files });
  const step = { if: 'true', only_arch: 'arm64' };
  expect(await conditionsHold({ host, step, expand: async (text) => text }, step)).toBe(false);
  expect(host.calls).toEqual([]);
});

test.each<readonly [StageStep, string]>([
  [
    { only_os: '(' },
    'only_os: "(" is not a regular expression of Go (error parsing regexp: missing closing ): `(`)',
  ],
  [
    { node: 'a(?!b)' },
    'node: "a(?!b)" is not a regular expression of Go (error parsing regexp: invalid or unsupported Perl syntax: `(?!`)',
  ],
  [{ only_service_manager: 'runit' }, 'only_service_manager: "runit" is not a service manager'],
])('%j is refused', async (step, message) => {
  await expect(explain(step)).rejects.toMatchObject({ kind: 'usage', message, remedy: expect.any(String) });
});
