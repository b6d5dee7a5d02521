import { cp, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { sealing } from '../../src/factory/image/context/context-folder.ts';
import { sealRoot } from '../../src/factory/image/root/seal.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { startDockerd, type TestDaemon } from '../support/dockerd.ts';
import { factory, OVERLAY, PROJECT, TEST_HOME, testBuild } from '../support/factory.ts';
import { copyPrograms, listTree, makeOdd } from '../support/odd-root.ts';
import { startRegistry } from '../support/registry.ts';
import { makeTinyRoot } from '../support/tiny-root.ts';
import { tool } from '../support/tool.ts';

const isRoot = process.getuid?.() === 0;

/** Only root can start a daemon for the tests. */
describe.skipIf(!isRoot)('a context folder, built by a real Docker daemon (needs root to start one)', () => {
  let home: string;
  let daemon: TestDaemon;

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'docker-context-'));
    daemon = await startDockerd();
  });
  afterAll(async () => {
    await daemon?.[Symbol.asyncDispose]();
    if (home) await tool('rm', '-rf', home);
  });

  /** Debian's docker command, which can use the daemon's BuildKit and its legacy builder. */
  const cli = (kit: '0' | '1', ...args: string[]) =>
    tool(
      'env',
      ...[`DOCKER_HOST=${daemon.address}`, `DOCKER_CONFIG=${home}`, `DOCKER_BUILDKIT=${kit}`],
      ...['/usr/bin/docker', ...args],
    );

  test.each(['0', '1'] as const)(
    'is sealed by its recipe as a build is (DOCKER_BUILDKIT=%s)',
    async (kit) => {
      const place = join(home, `sealing-${kit}`);
      await mkdir(place);
      await makeTinyRoot(place);
      const root = join(place, 'root');
      // BusyBox's cp drops capabilities, and its shell prefers its own applets.
      for (const name of ['cp', 'sh']) await rm(join(root, 'bin', name));
      await copyPrograms(root, ['/bin/cp', '/bin/sh']);
      await makeOdd(root);
      const context = join(place, 'context');
      await mkdir(join(context, 'ours/seal'), { recursive: true });
      await cp(join(PROJECT, 'templates/build/seal.sh'), join(context, 'ours/seal/seal.sh'));
      await tool(
        'tar',
        '-C',
        root,
        '--xattrs',
        '--xattrs-include=*',
        '--numeric-owner',
        '-cf',
        join(context, 'root.tar'),
        '.',
      );
      const start = [
        'FROM scratch AS first',
        'ADD root.tar /',
        'FROM first',
        'RUN ["/bin/sh", "-c", "echo >/srv/new"]',
      ];
      await writeFile(join(context, 'Dockerfile'), [...start, ...sealing(start, 'ours/')].join('\n'));
      await cli(kit, 'build', '--quiet', '--network', 'host', '--tag', 'sealed:1', context);

      const [saved, unpacked] = [join(place, 'saved'), join(place, 'unpacked')];
      for (const directory of [saved, unpacked]) await mkdir(directory);
      await cli(kit, 'save', '--output', `${saved}.tar`, 'sealed:1');
      await cli(kit, 'image', 'rm', 'sealed:1');
      await tool('tar', '-C', saved, '-xf', `${saved}.tar`);
      const layers = (await readdir(saved, { recursive: true })).filter((name) => name.endsWith('layer.tar'));
      expect(layers).toHaveLength(1);
      const how = ['--xattrs', '--xattrs-include=*', '--numeric-owner', '-xpf'];
      await tool('tar', '-C', unpacked, ...how, join(saved, layers[0] ?? ''));

      await writeFile(join(root, 'srv/new'), '\n');
      await sealRoot(root);
      const lines = await listTree(root);
      expect(await listTree(unpacked)).toEqual(lines);
      // Differences that the listing does not show would go unnoticed.
      expect(lines).toEqual(
        expect.arrayContaining(['./srv/a name cap_net_raw=ep', './srv/d d 0755 0 0 1000000000']),
      );
    },
  );

  test('fetches the base from its registry, and gives the bytes of a build', async () => {
    const mine = await testBuild();
    const place = join(home, 'folder');
    await mkdir(place);
    const layer = await readFile(await makeTinyRoot(place));
    await using registry = await startRegistry();
    const digest = await registry.pushRoot('tiny', layer, '1');
    await writeFile(join(place, 'Containerfile'), 'ENV A=1\nUSER 1\nCOPY after /opt/after\n');
    await writeFile(join(place, 'after'), 'after\n');
    const base = ['--flavor', 'any', '--base', `${registry.host}/tiny:1`];
    const kernel = ['--kernel-from', `oci:${mine.artifact('oci')}`];
    const own = ['--containerfile', join(place, 'Containerfile'), '--stage', 'after', '--engine', 'buildah'];
    const spec = [...base, ...kernel, ...own, '--lock-file', join(place, 'lock')];
    const squashfs = ['--compression', 'fast', '--artifact', 'squashfs', '--json', '--output'];
    const environment = { DOCKER_HOST: daemon.address, DOCKER_CONFIG: home };
    const made = async (name: string, ...args: string[]) => {
      const { status, stdout, stderr } = await factory([...args, ...squashfs, join(place, name)], {
        env: environment,
      });
      expect(status, stderr).toBe(0);
      return JSON.parse(stdout) as BuildReport;
    };
    const built = await made('built', 'build', ...spec);
    const folder = join(place, 'context');
    const written = await factory(['context', ...spec, '--output', folder], { env: environment });
    expect([written.status, written.stdout], written.stderr).toEqual([
      0,
      expect.stringContaining('docker build'),
    ]);
    const recipe = await readFile(join(folder, 'Dockerfile'), 'utf8');
    expect(recipe).toContain(`FROM --platform=linux/amd64 ${registry.host}/tiny@${digest} AS `);
    expect(await readdir(join(folder, '.kairos-factory'))).not.toContain('base.tar');

    await cli('1', 'build', '--quiet', '--network', 'host', '--tag', 'folder:1', folder);
    const again = await made(
      'again',
      'artifacts',
      '--image',
      'docker-daemon:folder:1',
      '--engine',
      'buildah',
    );
    await cli('1', 'image', 'rm', 'folder:1');
    const sum = ({ manifest }: BuildReport) => manifest.artifacts[0]?.sha256;
    expect(sum(again)).toBe(sum(built));
    const file = join(built.output, built.manifest.artifacts[0]?.file ?? '');
    expect(await tool('unsquashfs', '-cat', file, 'opt/after')).toBe('after');
  });

  // Installs packages for minutes, and covers code that rarely changes: runs only with the whole matrix.
  test.skipIf(process.env['KAIROS_FACTORY_TEST_ALL'] !== '1')(
    'of Debian gives the bytes of a build (KAIROS_FACTORY_TEST_ALL=1)',
    async () => {
      const spec = ['--flavor', 'debian', '--base', 'bootstrap:bookworm', '--kernel', 'cloud'];
      spec.push('--version', 'v1.2.3', '--overlay-rootfs', OVERLAY, '--engine', 'buildah');
      const folder = join(home, 'debian');
      const written = await factory(['context', ...spec, '--output', folder]);
      expect(written.status, written.stderr).toBe(0);
      await cli('0', 'build', '--quiet', '--network', 'host', '--tag', 'debian-folder:1', folder);
      const args = ['artifacts', '--image', 'docker-daemon:debian-folder:1', '--engine', 'buildah'];
      args.push('--artifact', 'squashfs', '--compression', 'fast', '--output', join(home, 'debian-again'));
      const env = { DOCKER_HOST: daemon.address, DOCKER_CONFIG: home };
      const { status, stderr } = await factory(args, { env });
      expect(status, stderr).toBe(0);
      await cli('0', 'image', 'rm', 'debian-folder:1');
      const mine = await testBuild();
      const sums = await readFile(join(mine.output, 'SHA256SUMS'), 'utf8');
      expect(sums).toContain((await readFile(join(home, 'debian-again', 'SHA256SUMS'), 'utf8')).trim());
    },
  );
});
