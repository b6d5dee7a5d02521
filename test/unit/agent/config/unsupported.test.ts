import { describe, expect, test } from 'vitest';
import { reportUnsupportedKeys } from '../../../../src/agent/config/unsupported.ts';
import { unsupportedKeysStep } from '../../../../src/agent/stages/builtin/unsupported-keys.ts';
import { UNSUPPORTED_KEYS } from '../../../../src/common/cloud-config/unsupported-keys.ts';
import { testHost } from '../support/test-host.ts';

/** A configuration that sets the key at a path. */
function setting(path: readonly string[], value: unknown = ['x']): Record<string, unknown> {
  return path.reduceRight<unknown>(
    (inner, key) => (key === '*' ? [inner] : { [key]: inner }),
    value,
  ) as Record<string, unknown>;
}

describe('a node', () => {
  test.each(
    UNSUPPORTED_KEYS.filter(({ when }) => !when).map((entry) => ({ ...entry, name: entry.path.join('.') })),
  )('warns of $name, or stops', async ({ path, name, stops = [] }) => {
    for (const operation of ['install', 'upgrade', 'reset'] as const) {
      await using host = await testHost({});
      const heed = () => reportUnsupportedKeys(host, setting(path), operation);
      if (stops.includes(operation)) {
        expect(heed).toThrow(/is not supported: /);
        continue;
      }
      heed();
      expect(host.logged.filter((line) => line.startsWith('warn '))).toHaveLength(1);
      expect(host.logged.join()).toContain(name.replace('*', '0'));
    }
  });

  test('stops only for keys about trust and encryption', () => {
    const stopping = UNSUPPORTED_KEYS.filter(({ stops }) => stops).map(({ path }) => path.join('.'));
    expect(stopping.sort()).toEqual([
      'bind-pcrs',
      'bind-public-pcrs',
      'install.encrypted_partitions',
      'kcrypt',
      'verify',
    ]);
  });

  test('names the file at every boot', async () => {
    await using host = await testHost({
      files: {
        '/proc/cmdline': 'root=LABEL=COS_ACTIVE',
        '/oem/90_custom.yaml': '#cloud-config\nphonehome: {url: "https://fleet.example.org"}\nverify: true\n',
      },
    });
    await unsupportedKeysStep.run(host);
    expect(host.logged.filter((line) => line.startsWith('warn '))).toEqual([
      expect.stringContaining('/oem/90_custom.yaml: verify is not supported: '),
      expect.stringContaining('/oem/90_custom.yaml: phonehome is not supported: '),
    ]);
  });
});
