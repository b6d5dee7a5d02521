import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../../src/common/errors/factory-error.ts';
import { openFlavor } from '../../../../../src/factory/catalog/flavors/load.ts';
import {
  explainMissingPackage,
  missingPackages,
} from '../../../../../src/factory/catalog/flavors/missing-package.ts';
import { FLAVORS } from '../../../../../src/factory/pipeline/project-files.ts';

/**
 * What the package managers print. apt's was recorded from a build of this project on Debian bookworm. dnf, zypper and apk
 * cannot run here: theirs are put down from the messages in their sources and manuals, and no more than that.
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
        "E: Package 'dracut-live' has no installation candidate",
      ],
      ['linux5.1', 'dracut-live'],
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

  test('passes over other failures, and what other managers would say', () => {
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

  test('names role and place of a package of the flavor', () => {
    const error = explained('dracut-live');
    expect(error.message.replaceAll(`${FLAVORS}/`, '')).toMatch(
      /^debian 12 has no package "dracut-live" \(role "initramfs", families\/debian\.yaml:\d+:7\)$/,
    );
    expect([error.kind, error.remedy]).toEqual(['step', expect.stringContaining('flavors eject')]);
    expect(error.details).toContain('E: Unable to locate package dracut-live');
  });

  test('tells a kernel, and conditions that hold', () => {
    const { message } = explained('linux-image-cloud-amd64');
    expect(message).toMatch(/\(kernel "cloud", .*debian\.yaml:\d+:7\)$/);
  });

  test('names the person’s own as such', () => {
    const error = explained('vmi');
    expect(error.message).toBe('debian 12 has no package "vmi" (of the key "packages" of this build)');
    expect(error.remedy).toMatch(/^Correct the name in "packages"/);
  });

  test('tells all of them', () => {
    const error = explained('vmi', 'kmod', 'ignoreWarnings-of');
    expect(error.details[0]).toMatch(/^and no package "kmod" \(role "base", /);
    expect(error.details[1]).toBe('and no package "ignoreWarnings-of" (asked for by another package)');
  });

  test('leaves other failures as they are', () => {
    for (const error of [
      failed(),
      new Error('x'),
      new FactoryError('INTERRUPTED', 'E: Unable to locate package x'),
    ])
      expect(explainMissingPackage(error, sources)).toBe(error);
  });
});
