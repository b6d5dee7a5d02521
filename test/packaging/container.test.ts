import { chmod, mkdir, mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { HOST_PACKAGES } from '../../src/factory/init/host-packages.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { buildahStore } from '../support/buildah-store.ts';
import { startDockerd } from '../support/dockerd.ts';
import { PROJECT, testBuild } from '../support/factory.ts';
import { packedProgram } from '../support/packed-program.ts';
import { tool } from '../support/tool.ts';

const ALL = process.env['KAIROS_FACTORY_TEST_ALL'] === '1';
const TAG = 'localhost/kairos-factory:test';
/** What the shared test image is built with, apart from places. */
const ARGS = ['build', '--flavor', 'debian', '--base', 'bootstrap:bookworm', '--kernel', 'cloud', '--json'];
ARGS.push('--version', 'v1.2.3', '--compression', 'fast', '--artifact', 'iso');

test('the container image has the host tools that scripts/setup installs', async () => {
  const text = await readFile(join(PROJECT, 'deploy/container/Containerfile'), 'utf8');
  const [, listed = ''] = /--no-install-recommends \\\n(.*?)&&/s.exec(text) ?? [];
  expect(listed.split(/[\s\\]+/).filter(Boolean)).toEqual([...HOST_PACKAGES]);
});

describe.runIf(ALL)('the container image (KAIROS_FACTORY_TEST_ALL=1)', () => {
  let home: string;
  let buildah: string[];
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'kairos-factory-container-'));
    await chmod(home, 0o755);
    buildah = ['buildah', ...buildahStore(home)];
    const [program = '', ...flags] = buildah;
    const root = join(home, 'base.tar');
    await tool('mmdebstrap', '--quiet', '--variant=minbase', 'bookworm', root);
    const from = (await tool(program, ...flags, 'from', 'scratch')).trim();
    await tool(program, ...flags, 'add', '--quiet', from, root, '/');
    await tool(program, ...flags, 'commit', '--quiet', from, 'localhost/debian:bookworm');
    await tool(program, ...flags, 'rm', from);
    await tool(join(PROJECT, 'scripts/build-executable'), '--package', await packedProgram());
    await execa(
      join(PROJECT, 'scripts/build-container'),
      ['--base', 'localhost/debian:bookworm', '--tag', TAG],
      {
        env: { BUILDAH: `${buildah.join(' ')}`, BUILDAH_ISOLATION: 'chroot' },
      },
    );
  });
  afterAll(() => tool('rm', '-rf', home));

  const iso = (report: BuildReport) => report.manifest.artifacts.map(({ kind, sha256 }) => [kind, sha256]);

  /** Starts a daemon that has the image. */
  async function dockerWithImage() {
    const daemon = await startDockerd();
    const [program = '', ...flags] = buildah;
    const archive = join(home, 'image.tar');
    await tool(program, ...flags, 'push', '--quiet', TAG, `docker-archive:${archive}:${TAG}`);
    const docker = (...args: string[]) =>
      execa('docker', args, { env: { DOCKER_HOST: daemon.address }, reject: false });
    expect((await docker('load', '--input', archive)).exitCode).toBe(0);
    await tool('rm', archive);
    return { docker, [Symbol.asyncDispose]: () => daemon[Symbol.asyncDispose]() };
  }

  test('builds the ISO of Debian as its ordinary user, rootless, in Docker', async () => {
    await using started = await dockerWithImage();
    const [work, cache, overlay] = [join(home, 'work'), join(home, 'cache'), join(home, 'overlay')];
    for (const path of [work, cache]) await tool('install', '-d', '-o', '1000', '-g', '1000', path);
    await tool('cp', '-r', join(PROJECT, 'test/support/overlay'), overlay);
    await tool('chmod', '-R', 'go+rX', overlay);
    const volumes = ['-v', `${work}:/work`, '-v', `${cache}:/cache`, '-v', `${overlay}:/overlay:ro`];
    const run = ['run', '--rm', '--privileged', '--network', 'host', ...volumes, TAG];
    const paths = ['--overlay-rootfs', '/overlay', '--output', '/work/build'];
    const { exitCode, stdout, stderr } = await started.docker(...run, ...ARGS, ...paths);
    expect(exitCode, stderr).toBe(0);
    const shared = await testBuild();
    expect(iso(JSON.parse(stdout))).toEqual(iso(shared.report).filter(([kind]) => kind === 'iso'));
  });

  test('starts in Docker without a network', async () => {
    await using started = await dockerWithImage();
    const offline = ['run', '--rm', '--network', 'none'];
    expect((await started.docker(...offline, TAG, '--version')).stdout).toMatch(/^kairos-factory v/);
    await mkdir(join(home, 'config'));
    await writeFile(join(home, 'config/node.yaml'), '#cloud-config\nhostname: node\n');
    const volume = `${join(home, 'config')}:/work:ro`;
    const validated = await started.docker(...offline, '-v', volume, TAG, 'validate', 'node.yaml');
    expect(validated.exitCode).toBe(0);
  });
});
