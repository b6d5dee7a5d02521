import { mkdir, mkdtemp, readFile, rm, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { DEFAULT_KINDS } from '../../src/factory/config/artifact-kinds.ts';
import type { BuildReport } from '../../src/factory/pipeline/build-report.ts';
import { factory, TEST_HOME, type TestBuild, testBuild } from '../support/factory.ts';
import { tool } from '../support/tool.ts';

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;
const KINDS = ['vhd', 'gce', 'vmdk', 'ova'] as const;

let build: TestBuild;
let home: string;

beforeAll(async () => {
  build = await testBuild();
  home = await mkdtemp(join(TEST_HOME, 'clouds-'));
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Makes the disks of the shared image in a directory of their own. */
async function make(output: string, ...more: readonly string[]) {
  const args = ['artifacts', '--image', `oci:${build.artifact('oci')}`, '--artifact', KINDS.join(',')];
  const { status, stdout, stderr } = await factory([...args, '--output', output, '--json', ...more]);
  expect(status, stderr).toBe(0);
  const { manifest } = JSON.parse(stdout) as BuildReport;
  const file = (kind: string) =>
    join(output, manifest.artifacts.find((entry) => entry.kind === kind)?.file ?? '');
  return { manifest, file, sums: await readFile(join(output, 'SHA256SUMS'), 'utf8') };
}

describe('the disks of an image for clouds', () => {
  let made: Awaited<ReturnType<typeof make>>;
  const output = () => join(home, 'out');
  beforeAll(async () => {
    made = await make(output());
  });

  test('are made on request only, each with what it is made from', () => {
    expect(build.report.manifest.artifacts.map(({ kind }) => kind)).toEqual(
      expect.not.arrayContaining(KINDS.filter((kind) => !DEFAULT_KINDS.includes(kind))),
    );
    expect(made.manifest.artifacts.map(({ kind }) => kind).sort()).toEqual([
      'gce',
      'ova',
      'raw',
      'vhd',
      'vmdk',
    ]);
    const stem = basename(build.artifact('raw'), '.raw');
    expect(KINDS.map((kind) => basename(made.file(kind)))).toEqual([
      `${stem}.raw.vhd`,
      `${stem}.raw.gce.tar.gz`,
      `${stem}.vmdk`,
      `${stem}.ova`,
    ]);
  });

  test('have the checksums that are listed, also where they were taken while the file was written', async () => {
    await tool('sh', '-c', 'cd "$1" && sha256sum --quiet --check SHA256SUMS', 'sh', output());
  });

  test('are subjects of the provenance', async () => {
    const entry = made.manifest.documents.find(({ kind }) => kind === 'provenance');
    const { subject } = JSON.parse(await readFile(join(output(), entry?.file ?? ''), 'utf8'));
    const named = new Map(subject.map(({ name, digest }: never) => [name, digest]));
    for (const { file, sha256 } of made.manifest.artifacts) expect(named.get(file)).toEqual({ sha256 });
  });

  test('vhd: the same disk to QEMU, of whole MiB, and as sparse', async () => {
    const [raw, file] = [made.file('raw'), made.file('vhd')];
    expect((await stat(file)).size).toBe(Math.ceil((await stat(raw)).size / MIB) * MIB + 512);
    expect((await stat(file)).blocks).toBeLessThanOrEqual((await stat(raw)).blocks + 8);
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'vpc', raw, file);
  });

  test('gce: the same disk to GNU tar and gzip, of whole GiB, and as sparse', async () => {
    const [raw, file] = [made.file('raw'), made.file('gce')];
    await tool('gzip', '--test', file);
    const target = join(home, 'gce');
    await mkdir(target);
    await tool('tar', '-xzf', file, '-C', target);
    const disk = join(target, 'disk.raw');
    const { size, blocks } = await stat(disk);
    expect(size).toBe(Math.ceil((await stat(raw)).size / GIB) * GIB);
    expect(blocks).toBeLessThanOrEqual((await stat(raw)).blocks + 8);
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'raw', raw, disk);
    await rm(target, { recursive: true });
  });

  test('vmdk: the same disk to QEMU, compressed', async () => {
    const [raw, file] = [made.file('raw'), made.file('vmdk')];
    expect(await tool('qemu-img', 'check', file)).toMatch(/No errors were found/);
    await tool('qemu-img', 'compare', '-f', 'raw', '-F', 'vmdk', raw, file);
    expect((await stat(file)).size).toBeLessThan((await stat(raw)).size / 4);
  });

  test('ova: the VMDK with a descriptor and a manifest', async () => {
    const target = join(home, 'ova');
    await mkdir(target);
    const members = await tool('tar', '-tf', made.file('ova'));
    expect(members.trim().split('\n')).toEqual(['kairos.ovf', 'kairos.mf', 'kairos-disk1.vmdk']);
    await tool('tar', '-xf', made.file('ova'), '-C', target);
    const sums = (await readFile(join(target, 'kairos.mf'), 'utf8')).replaceAll(
      /^SHA256\((.*)\)= (.*)$/gm,
      '$2  $1',
    );
    await tool('sh', '-c', 'cd "$1" && echo "$2" | sha256sum --quiet --check', 'sh', target, sums.trim());
    await tool('cmp', join(target, 'kairos-disk1.vmdk'), made.file('vmdk'));
    await rm(target, { recursive: true });
  });

  test('have the same bytes when they are made again', async () => {
    await rm(output(), { recursive: true });
    const again = await make(join(home, 'again'), '--no-cache');
    expect(again.sums).toBe(made.sums);
  });
});
