import { describe, expect, test } from 'vitest';
import { findUnsupported } from '../../../../src/common/cloud-config/find-unsupported.ts';

const found = (data: Record<string, unknown>) => findUnsupported(data).map(({ path }) => path.join('.'));

describe('unsupported keys', () => {
  test('are found with the reason and the alternative', () => {
    expect(findUnsupported({ install: { force: true } })).toMatchObject([
      {
        path: ['install', 'force'],
        message:
          'install.force is not supported: an installation always overwrites the disk that it is given; leave it out; name the disk in install.device',
      },
    ]);
  });

  test('are found in each item of a list', () => {
    const bundles = [{ targets: ['run://a'] }, { targets: ['docker://b', 'package://c'], repository: 'r' }];
    expect(found({ bundles, install: { bundles } })).toEqual([
      'bundles.1.repository',
      'bundles.1.targets.1',
      'install.bundles.1.repository',
      'install.bundles.1.targets.1',
    ]);
  });

  test('are reported once for a whole block', () => {
    expect(
      found({ p2p: { network_token: 'x', auto: { enable: true } }, kcrypt: { challenger: { mdns: true } } }),
    ).toEqual(['kcrypt', 'p2p']);
  });

  test.each([
    { cosign: false, 'cosign-key': '', debug: null },
    { install: { encrypted_partitions: [], force: false, passive: { size: 0 }, env: [] } },
    { p2p: { auto: { enable: false }, network_token: '' }, cluster: {} },
    { install: null, bundles: 'none' },
    { bundles: [null, { targets: null }] },
    { upgrade: { entry: 'recovery' } },
  ])('are accepted with a falsy or empty value: %j', (data) => expect(found(data)).toEqual([]));

  test('may be unsupported for some values only', () =>
    expect(found({ upgrade: { entry: 'passive' } })).toEqual(['upgrade.entry']));
});
