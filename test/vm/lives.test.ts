import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { LIFE_EVENTS } from '../../src/common/trust/proof.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { alpineRoot } from '../support/alpine-root.ts';
import { TEST_HOME, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';
import { startProving } from './proving.ts';

/** Packages of a Debian that OpenRC starts, below the init of System V. */
const DEBIAN_OPENRC = [
  ...['sysvinit-core', 'openrc', 'udev', 'kmod', 'procps', 'login', 'ifupdown', 'isc-dhcp-client'],
  ...['linux-image-cloud-amd64', 'busybox-static', 'e2fsprogs', 'rsync', 'fdisk', 'ca-certificates'],
];

/** How the ISO of a row is made: the arguments of `build`, given a directory for what they need. */
type Arguments = (home: string) => Promise<readonly string[]>;

const alpine: Arguments = async () => [
  ...['--flavor', 'alpine', '--no-packages', '--base', `dir:${await alpineRoot()}`],
];

const debianOpenrc: Arguments = async (home) => {
  const root = join(home, 'openrc.tar');
  const packages = `--include=${DEBIAN_OPENRC.join(',')}`;
  await tool('mmdebstrap', '--variant=minbase', '--components=main', packages, 'bookworm', root);
  return ['--flavor', 'any', '--base', root];
};

const LIVES: readonly (readonly [name: string, firmware: string, build: Arguments])[] = [
  ['Debian bookworm', 'bios', async () => ['--flavor', 'debian', '--base', 'bootstrap:bookworm']],
  ['Debian bookworm', 'secureboot', async () => ['--flavor', 'debian', '--base', 'bootstrap:bookworm']],
  ['Debian bookworm with OpenRC', 'bios', debianOpenrc],
  ['Alpine Linux with its own kernel', 'bios', alpine],
  [
    'Alpine Linux with the kernel of Debian',
    'uefi',
    async (home) => {
      const { artifact } = await testBuild();
      return [...(await alpine(home)), '--kernel-from', `oci:${artifact('oci')}`];
    },
  ],
];

// Each takes the time of eight boots.
describe.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')('the ISO proves a whole life', () => {
  test.each(LIVES)('%s on %s', async (_, firmware, build) => {
    const home = await mkdtemp(join(TEST_HOME, 'vm-lives-'));
    try {
      const { run, prove } = await startProving(home);
      const args = ['build', ...(await build(home)), '--kernel', 'cloud', '--compression', 'fast', '--json'];
      const built = await run([...args, '--artifact', 'iso', '--output', join(home, 'out')]);
      expect(built.status, built.stderr).toBe(0);
      const { manifest, output } = JSON.parse(built.stdout) as BuildReport;
      const iso = join(output, manifest.artifacts.find(({ kind }) => kind === 'iso')?.file ?? '');
      const { status, stderr, proof } = await prove(
        iso,
        ...['--firmware', firmware, '--life', LIFE_EVENTS.join()],
      );
      expect(status, `${stderr}\n${JSON.stringify(proof.results, null, 2)}`).toBe(0);
      expect(proof.results.map(({ event }) => event)).toEqual(expect.arrayContaining([...LIFE_EVENTS]));
    } finally {
      await tool('rm', '-rf', home);
    }
  });
});
