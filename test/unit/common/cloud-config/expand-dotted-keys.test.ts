import { describe, expect, test } from 'vitest';
import { diskSizes, installOptions } from '../../../../src/agent/deploy/install-options.ts';
import { parseCloudConfig } from '../../../../src/common/cloud-config/parse.ts';
import { examineCloudConfig } from '../../../../src/common/cloud-config/validate.ts';

const parse = (text: string) => parseCloudConfig('file', `#cloud-config\n${text}`).data;

describe('dotted keys', () => {
  test.each([
    ['install: {partitions.oem.size: 128}', { install: { partitions: { oem: { size: 128 } } } }],
    ['install.partitions.oem.size: 128', { install: { partitions: { oem: { size: 128 } } } }],
    ['install: {partitions: {oem.size: 128}}', { install: { partitions: { oem: { size: 128 } } } }],
    ['install.auto: true\ninstall.device: auto', { install: { auto: true, device: 'auto' } }],
    ['upgrade.system.uri: oci:x', { upgrade: { system: { uri: 'oci:x' } } }],
    ['reset.reset-oem: true', { reset: { 'reset-oem': true } }],
    ['k3s.enabled: true', { k3s: { enabled: true } }],
    ['grub_options.extra_cmdline: a.b=c', { grub_options: { extra_cmdline: 'a.b=c' } }],
    [
      'install: {partitions: {oem: {size: 1, fs: ext4}}, partitions.oem.size: 2}',
      { install: { partitions: { oem: { size: 2, fs: 'ext4' } } } },
    ],
    [
      'install: {partitions.oem.size: 2, partitions: {oem: {size: 1}}}',
      { install: { partitions: { oem: { size: 1 } } } },
    ],
  ])('are expanded: %s', (text, data) => expect(parse(text)).toEqual(data));

  test.each([
    ['stages: {boot: [{sysctl: {net.ipv4.ip_forward: "1"}}]}'],
    ['options: {a.b: c}'],
    ['a.b: c'],
    ['name.x: c'],
    ['k3s: {env: {a.b: c}}'],
    ['install: {grub_options: {a.b: c}}'],
    ['install: {a..b: c, .d: e}'],
    ['cluster: {providerConfig: {a.b: c}}'],
  ])('are left alone where a dot belongs to the name: %s', (text) => {
    const whole = JSON.stringify(parse(text));
    expect(whole).toMatch(/"(net\.ipv4\.ip_forward|a\.b|name\.x|a\.\.b)":/);
  });

  test('take no time in a large map', () => {
    const keys = Array.from({ length: 20_000 }, (_, index) => `  k${index}: 1`).join('\n');
    const start = performance.now();
    expect(Object.keys(parse(`install:\n${keys}\n`)['install'] as object)).toHaveLength(20_000);
    expect(performance.now() - start).toBeLessThan(20_000);
  });

  test('reach the plan of the disk', () => {
    const text = 'install: {partitions.oem.size: 128, partitions.persistent.size: 2000}';
    const sizes = diskSizes(installOptions(parse(text)), { systemImage: 1, recoveryImage: 1, arch: 'amd64' });
    expect(sizes).toMatchObject({ oem: 128, persistent: 2000 });
  });

  test('are known to validation, which gives their place', () => {
    const users = 'users: [{name: a, groups: [admin], ssh_authorized_keys: ["github:a"]}]';
    const examine = (text: string) => examineCloudConfig('file', `#cloud-config\n${users}\n${text}`);
    expect(examine('install: {partitions.oem.size: 128}')).toEqual([]);
    expect(examine('install:\n  auto: true\n  partitions.oem.size: many')).toEqual([
      expect.objectContaining({ place: 'file:5:3', severity: 'error' }),
    ]);
    expect(examine('install:\n  auto: true\n  partitions.oem.sise: 3')).toEqual([
      expect.objectContaining({ place: 'file:5:3', message: expect.stringContaining('"size"') }),
    ]);
  });
});
