import { describe, expect, test } from 'vitest';
import { noteOrigin, readSystem } from '../../../../src/agent/deploy/slot-origin.ts';
import { testHost } from '../support/test-host.ts';

const NOTE = '/slot/usr/lib/kairos/origin.json';
const pulled = { by: 'upgrade', source: 'oci:r/os:v2@sha256:2', digest: 'sha256:2', isCopy: false } as const;

describe('the note of where a system came from', () => {
  test('is read with its version', async () => {
    await using host = await testHost({ files: { '/slot/etc/kairos-release': 'KAIROS_VERSION="v2"\n' } });
    await noteOrigin(host, '/slot', { ...pulled, replaced: { version: 'v1' } });
    expect(await readSystem(host, '/slot')).toEqual({
      version: 'v2',
      origin: {
        by: 'upgrade',
        source: 'oci:r/os:v2@sha256:2',
        digest: 'sha256:2',
        replaced: { version: 'v1' },
        written: '2026-01-02T03:04:05Z',
      },
    });
  });

  test('of a copy, such as after a reset, keeps the image that the system was made from', async () => {
    await using host = await testHost();
    await noteOrigin(host, '/slot', { ...pulled, replaced: { version: 'v1' } });
    await noteOrigin(host, '/slot', { by: 'reset', source: 'file:/x', isCopy: true });
    expect((await readSystem(host, '/slot')).origin).toEqual({
      by: 'reset',
      source: 'oci:r/os:v2@sha256:2',
      digest: 'sha256:2',
      written: '2026-01-02T03:04:05Z',
    });
  });

  test('of other content replaces the old one', async () => {
    await using host = await testHost();
    await noteOrigin(host, '/slot', pulled);
    await noteOrigin(host, '/slot', { by: 'upgrade', source: 'dir:/x', isCopy: false });
    expect((await readSystem(host, '/slot')).origin).not.toHaveProperty('digest');
  });

  test('does not leave the tree over a link', async () => {
    await using host = await testHost({ files: { '/outside/x': '', '/slot/usr/x': '' } });
    await host.link(host.resolve('/outside'), '/slot/usr/lib');
    await noteOrigin(host, '/slot', pulled);
    expect(await host.list('/outside')).toEqual(['x']);
  });

  test.each(['', 'not JSON', 'null', '[]'])('that is damaged counts as none: %j', async (text) => {
    await using host = await testHost({ files: { [NOTE]: text } });
    expect(await readSystem(host, '/slot')).toEqual({});
  });
});
