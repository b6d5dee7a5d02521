import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import {
  explainMissingPackage,
  missingPackages,
} from '../../../../../src/factory/catalog/flavors/missing-package.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';

/**
 * Output of the package managers. That of apt was recorded in a build of this project on Debian bookworm. dnf, zypper and apk
 * do not run in these tests; their messages are from their sources and manuals.
 */
describe('missingPackages', () => {
  test.each([
    ['apt', ['Reading package lists...', 'E: Unable to locate package no-such-thing'], ['no-such-thing']],
    [
      'apt',
      [
        'E: Unable to locate package linux5.1',
        "E: Couldn't find any package by glob 'linux5.1'",
        "E: Couldn't find any package by regex 'linux5.1'",
        "E: Package 'busybox-static' has no installation candidate",
      ],
      ['linux5.1', 'busybox-static'],
    ],
    [
      'dnf',
      ['No match for argument: grub2-nothing', 'Error: Unable to find a match: grub2-nothing other'],
      ['grub2-nothing', 'other'],
    ],
    ['dnf', ['Failed to resolve the transaction:', 'No match for argument: shim-none'], ['shim-none']],
    [
      'zypper',
      [
        "'no-such' not found in package names. Trying capabilities.",
        "No provider of 'no-such' found.",
        "Package 'other' not found.",
      ],
      ['no-such', 'other'],
    ],
    [
      'apk',
      [
        'ERROR: unable to select packages:',
        '  no-such (no such package):',
        '    required by: world[no-such]',
      ],
      ['no-such'],
    ],
  ] as const)('%s: %j', (manager, lines, names) => {
    expect(missingPackages(manager, lines)).toEqual(names);
  });

  test('ignores other failures, and messages of other managers', () => {
    expect(missingPackages('apt', ['E: Failed to fetch http://x/y.deb  404  Not Found'])).toEqual([]);
    expect(missingPackages('apk', ['E: Unable to locate package x'])).toEqual([]);
  });
});

describe('explainMissingPackage', async () => {
  const loaded = await openFlavor(FLAVORS, 'debian');
  const sources = {
    loaded,
    target: { arch: 'amd64', releaseVersion: '12' },
    kernel: 'cloud',
    packages: ['vmi'],
    distribution: 'debian 12',
  };
  const failed = (...names: readonly string[]) =>
    new FactoryError('TOOL_FAILED', 'buildah failed with status 125', {
      details: names.map((name) => `E: Unable to locate package ${name}`),
    });
  const explained = (...names: readonly string[]) =>
    explainMissingPackage(failed(...names), sources) as FactoryError;

  test('names role and position of a package of the flavor', () => {
    const error = explained('busybox-static');
    expect(error.message.replaceAll(`${FLAVORS}/`, '')).toMatch(
      /^debian 12 has no package "busybox-static" \(role "initramfs", families\/debian\.yaml:\d+:7\)$/,
    );
    expect([error.kind, error.remedy]).toEqual(['step', expect.stringContaining('flavors eject')]);
    expect(error.details).toContain('E: Unable to locate package busybox-static');
  });

  test('names a kernel, and evaluates conditions', () => {
    const { message } = explained('linux-image-cloud-amd64');
    expect(message).toMatch(/\(kernel "cloud", .*debian\.yaml:\d+:7\)$/);
  });

  test('names the key "packages" for a package of the build', () => {
    const error = explained('vmi');
    expect(error.message).toBe('debian 12 has no package "vmi" (key "packages" of this build)');
    expect(error.remedy).toMatch(/^Correct or remove the name in "packages"/);
  });

  test('lists all missing packages', () => {
    const error = explained('vmi', 'kmod', 'other');
    expect(error.details[0]).toMatch(/^and no package "kmod" \(role "base", /);
    expect(error.details[1]).toBe('and no package "other" (required by another package)');
  });

  test('returns other failures unchanged', () => {
    for (const error of [
      failed(),
      new Error('x'),
      new FactoryError('INTERRUPTED', 'E: Unable to locate package x'),
    ])
      expect(explainMissingPackage(error, sources)).toBe(error);
  });
});
