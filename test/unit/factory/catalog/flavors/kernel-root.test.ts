import { describe, expect, test } from 'vitest';
import { kernelRoot } from '../../../../../src/factory/catalog/flavors/kernel-root.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';
import { failureOf } from '../../../support/failure.ts';

const rootOf = (release: string | undefined, change: Partial<Parameters<typeof kernelRoot>[1]> = {}) =>
  kernelRoot(FLAVORS, {
    release,
    kernel: 'cloud',
    arch: 'amd64',
    snapshot: undefined,
    mirrorOf: () => undefined,
    ...change,
  });

describe('the root that provides a kernel', () => {
  test('has the kernel, its boot loader and what an initramfs needs, and no more', async () => {
    const { flavor, suite, components, packages } = await rootOf('bookworm');
    expect([flavor, suite, components]).toEqual(['debian', 'bookworm', ['main']]);
    expect(packages).toEqual(
      expect.arrayContaining(['linux-image-cloud-amd64', 'busybox-static', 'e2fsprogs', 'shim-signed']),
    );
    expect(packages.filter((name) => /systemd|openssh|linux-image-amd64/.test(name))).toEqual([]);
  });

  test('is of whichever flavor has the release, by its key or its suite', async () => {
    expect(await rootOf('noble', { kernel: 'generic' })).toMatchObject({ flavor: 'ubuntu', suite: 'noble' });
    expect(await rootOf('24.04', { kernel: 'generic' })).toMatchObject({ flavor: 'ubuntu', suite: 'noble' });
  });

  test('fits the architecture and the archive', async () => {
    const mirrorOf = (flavor: string) => `http://mirror.test/${flavor}`;
    const { packages, mirror } = await rootOf('trixie', { arch: 'arm64', mirrorOf });
    expect(packages).toContain('linux-image-cloud-arm64');
    expect(mirror).toBe('http://mirror.test/debian');
    expect((await rootOf('trixie', { snapshot: '20260131T000000Z' })).snapshot).not.toEqual([]);
  });

  test.each([
    ['without a release', undefined, 'cloud', 'needs a release'],
    ['of a release that cannot be bootstrapped', '43', 'cloud', 'unknown release, "43"'],
    ['of an unknown release', 'bookwurm', 'cloud', '"bookwurm"'],
    ['with an unknown kernel', 'bookworm', 'tiny', 'has no kernel "tiny"'],
  ])('is refused %s', async (_, release, kernel, text) => {
    const error = await failureOf(() => rootOf(release, { kernel }), 'usage');
    expect(error.message).toContain(text);
    expect(error.remedy).toContain(kernel === 'tiny' ? 'cloud' : 'bookworm');
  });
});
