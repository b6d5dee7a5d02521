import { expect, test } from 'vitest';
import { renderDoctor } from '../../../../src/factory/cli/render-doctor.ts';
import type { Check } from '../../../../src/factory/machine/check.ts';

test('the report has a table for each area, and each problem once with its remedy', () => {
  const problem = 'user ann has no subordinate ids in /etc/subuid';
  const checks: Check[] = [
    { area: 'accounts', name: '/etc/subuid', state: 'fault', problem, remedy: 'Run: usermod' },
    { area: 'accounts', name: '/etc/subuid', state: 'fault', problem, remedy: 'Run: usermod' },
    { area: 'tools', name: 'tar', state: 'ok', found: '1.34', purpose: 'packs' },
    {
      area: 'tools',
      name: '/usr/lib/apt/apt-helper',
      state: 'fault',
      package: 'apt',
      purpose: 'asks',
      problem: '/usr/lib/apt/apt-helper is not installed',
    },
    { area: 'tools', name: 'cosign', state: 'unused', purpose: 'signs', neededBy: ['sign'] },
    { area: 'virtualisation', name: 'KVM', state: 'unused', problem: 'there is none', purpose: 'boots' },
  ];
  const system = { name: 'Debian 12', manager: 'apt', needsSudo: false } as const;
  expect(renderDoctor(checks, system).split('\n')).toEqual([
    'Debian 12',
    '',
    'Host tools',
    '  ok       tar         1.34         packs',
    '  MISSING  apt-helper  package apt  asks',
    '  -        cosign                   only for sign',
    '',
    'Ids of images',
    '  MISSING  /etc/subuid',
    '  MISSING  /etc/subuid',
    '',
    'Virtual machines',
    '  -  KVM    there is none',
    '',
    'missing: user ann has no subordinate ids in /etc/subuid',
    '  to do: Run: usermod',
    'missing: /usr/lib/apt/apt-helper is not installed',
    '',
  ]);
});
