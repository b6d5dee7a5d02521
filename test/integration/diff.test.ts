import { chmod, chown, cp, mkdir, mkdtemp, readFile, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Index, Manifest } from '../../src/common/oci/registry/image-manifest.ts';
import { writeOciLayout } from '../../src/factory/inputs/base/oci-layout.ts';
import type { Difference } from '../../src/factory/inspect/diff/compare.ts';
import { factory, TEST_HOME } from '../support/factory.ts';
import { startRegistry, type TestRegistry } from '../support/registry.ts';
import { layoutOf, writeDisk } from '../support/small-disk.ts';
import { tool } from '../support/tool.ts';

const isRoot = process.getuid?.() === 0;
const STATUS = (packages: Readonly<Record<string, string>>) =>
  Object.entries(packages)
    .map(([name, version]) =>
      [
        `Package: ${name}`,
        'Status: install ok installed',
        'Architecture: amd64',
        `Version: ${version}`,
        '',
      ].join('\n'),
    )
    .join('\n');

/** The files belong to several users and have capabilities. */
describe.skipIf(!isRoot)('diff (needs root: files of several owners, with capabilities)', () => {
  let home: string;
  const at = (...path: string[]) => join(home, ...path);

  /** A root of a few files. The second root differs from the first in every property that files have. */
  async function root(name: 'a' | 'b'): Promise<void> {
    const isFirst = name === 'a';
    const file = async (path: string, text: string) => {
      await mkdir(join(at(name), path, '..'), { recursive: true });
      await writeFile(join(at(name), path), text);
    };
    await file(
      'var/lib/dpkg/status',
      STATUS(isFirst ? { kept: '1', old: '1.0', gone: '2' } : { kept: '1', old: '1.1', more: '3' }),
    );
    await file('etc/same', 'same\n');
    await file('etc/content', `${'x'.repeat(5000)}${isFirst ? 'a' : 'b'}\n`);
    await file('etc/mode', 'mode\n');
    await file('etc/owner', 'owner\n');
    await file('etc/time', 'time\n');
    await file('usr/bin/capable', 'capable\n');
    await file('etc/zz-hard', 'hard\n');
    await tool('ln', join(at(name), 'etc/zz-hard'), join(at(name), 'etc/zz-other'));
    await file(isFirst ? 'etc/only-a' : 'etc/only-b', 'only\n');
    await tool('ln', '-s', isFirst ? 'same' : 'time', join(at(name), 'etc/link'));
    await chmod(join(at(name), 'etc/mode'), isFirst ? 0o644 : 0o4755);
    await chown(join(at(name), 'etc/owner'), isFirst ? 0 : 7, isFirst ? 0 : 70_000);
    if (!isFirst) await tool('setcap', 'cap_net_raw+ep', join(at(name), 'usr/bin/capable'));
    await tool('find', at(name), '-exec', 'touch', '-h', '-d', '@1700000000', '{}', '+');
    if (!isFirst) await utimes(join(at(name), 'etc/time'), 1_700_000_001, 1_700_000_001);
  }

  beforeAll(async () => {
    home = await mkdtemp(join(TEST_HOME, 'diff-'));
    for (const name of ['a', 'b'] as const) {
      await root(name);
      const pack = ['-noappend', '-quiet', '-no-progress', '-mkfs-time', '1700000000', '-all-root'];
      await tool('mksquashfs', at(name), at(`${name}.squashfs`), ...pack.slice(0, 5));
      await mkdir(at(`${name}-iso`));
      await cp(at(`${name}.squashfs`), at(`${name}-iso`, 'rootfs.squashfs'));
      await tool('xorriso', '-as', 'mkisofs', '-quiet', '-R', '-o', at(`${name}.iso`), at(`${name}-iso`));
      await writeDisk(at(`${name}.raw`), at(name), at('scratch'));
      await tool('qemu-img', 'convert', '-f', 'raw', '-O', 'qcow2', at(`${name}.raw`), at(`${name}.qcow2`));
      await mkdir(at(`${name}.oci`));
      const image = { arch: 'amd64', epoch: 1_700_000_000, tag: 'v1', labels: { side: name, both: 'x' } };
      await writeOciLayout(at(`${name}.oci`), image, async (output) => {
        await tool(
          'tar',
          '-C',
          at(name),
          '--xattrs',
          '--xattrs-include=*',
          '--sort=name',
          '--numeric-owner',
          '-cf',
          at('layer.tar'),
          '.',
        );
        const { createReadStream } = await import('node:fs');
        const { pipeline } = await import('node:stream/promises');
        await pipeline(createReadStream(at('layer.tar')), output);
      });
    }
  }, 120_000);
  afterAll(() => rm(home, { recursive: true, force: true }));

  const diff = async (a: string, b: string, ...more: string[]) => {
    const { status, stdout, stderr } = await factory(['diff', a, b, '--json', ...more], { cwd: home });
    return { status, stderr, difference: JSON.parse(stdout) as Difference };
  };
  const changesOf = ({ trees }: Difference, name = 'rootfs') => {
    const found = trees.find(({ tree }) => tree === name)?.changes ?? [];
    return Object.fromEntries(
      found.map(({ path, aspects, before, after }) => [path, before && after ? aspects : before ? '-' : '+']),
    );
  };
  const EVERYTHING = {
    'etc/content': ['content'],
    'etc/link': ['target'],
    'etc/mode': ['mode'],
    'etc/only-a': '-',
    'etc/only-b': '+',
    'etc/owner': ['owner'],
    'etc/time': ['time'],
    'usr/bin/capable': ['attributes'],
    'var/lib/dpkg/status': ['content'],
  };
  const PACKAGES = [
    { package: 'gone:amd64', before: '2' },
    { package: 'more:amd64', after: '3' },
    { package: 'old:amd64', before: '1.0', after: '1.1' },
  ];

  test.each([
    ['two directories', 'a', 'b'],
    ['two squashfs', 'a.squashfs', 'b.squashfs'],
    ['two ISOs', 'a.iso', 'b.iso'],
    ['two images', 'a.oci', 'oci:b.oci:v1'],
    ['an image and a squashfs', 'a.oci', 'b.squashfs'],
  ])('%s: every kind of change, and the packages', async (_, a, b) => {
    const { status, difference, stderr } = await diff(a, b);
    expect(status, stderr).toBe(5);
    expect(changesOf(difference)).toEqual(EVERYTHING);
    expect(difference.packages).toEqual(PACKAGES);
    const content = difference.trees
      .find(({ tree }) => tree === 'rootfs')
      ?.changes.find(({ path }) => path === 'etc/content');
    expect(content?.offset).toBe(5000);
  });

  test('two images: differences of the configuration, by key', async () => {
    const { difference } = await diff('a.oci', 'b.oci');
    expect(difference.config).toContainEqual({ key: 'config.Labels.side', before: 'a', after: 'b' });
    expect(difference.config.map(({ key }) => key)).not.toContain('config.Labels.both');
    expect(difference.a.digest).toMatch(/^sha256:/);
  });

  test.each(['raw', 'qcow2'])(
    'two disks (%s): the partition and the file that the first byte is in',
    async (kind) => {
      const { status, difference, stderr } = await diff(`a.${kind}`, `b.${kind}`);
      expect(status, stderr).toBe(5);
      // debugfs does not copy extended attributes.
      const { 'usr/bin/capable': _, ...rest } = EVERYTHING;
      expect(changesOf(difference)).toMatchObject(rest);
      expect(changesOf(difference, 'partition oem')).toEqual({ 'config.yaml': ['content'] });
      if (kind === 'raw') {
        const { start } = layoutOf('oem');
        expect(difference.firstByte?.offset).toBeGreaterThanOrEqual(start);
        expect(difference.firstByte?.place).toMatch(
          /^partition oem, byte \d+, which belongs to (\/config\.yaml|the filesystem itself)$/,
        );
      }
    },
  );

  test('two ISOs: the file that contains the first differing byte', async () => {
    const { difference } = await diff('a.iso', 'b.iso');
    expect(difference.firstByte?.place).toMatch(
      /^(byte \d+ of \/rootfs\.squashfs|directories and boot records)$/,
    );
  });

  test.each(['', '.squashfs', '.iso', '.raw', '.oci'])(
    'identical inputs are reported as equal (a%s)',
    async (ending) => {
      await cp(at(`a${ending}`), at(`again${ending}`), {
        recursive: true,
        preserveTimestamps: true,
        verbatimSymlinks: true,
      });
      if (ending === '') await tool('cp', '-aT', at('a'), at('again'));
      const { status, difference } = await diff(`a${ending}`, `again${ending}`);
      expect(difference.trees).toEqual([]);
      expect(difference).toMatchObject({ isSame: true });
      expect(status).toBe(0);
    },
  );

  test('two output directories: each artifact, missing files, and the first differing file in the text output', async () => {
    for (const name of ['a', 'b']) {
      const output = at(`out-${name}`);
      await mkdir(output);
      await cp(at(`${name}.squashfs`), join(output, `os-${name}.squashfs`));
      await cp(at('a.iso'), join(output, 'os.iso'));
      await writeFile(join(output, 'SHA256SUMS'), '');
      const artifacts = [
        { kind: 'squashfs', file: `os-${name}.squashfs` },
        { kind: 'iso', file: 'os.iso' },
      ];
      await writeFile(join(output, 'manifest.json'), JSON.stringify({ schema: 1, side: name, artifacts }));
    }
    await writeFile(at('out-b', 'more.txt'), '');
    const { status, difference } = await diff('out-a', 'out-b');
    expect(status).toBe(5);
    expect(difference.onlyInB).toEqual(['more.txt']);
    expect(difference.artifacts.map(({ a }) => a.kind).sort()).toEqual(['file', 'squashfs']);
    expect(difference.packages).toEqual(PACKAGES);
    const text = await factory(['diff', 'out-a', 'out-b'], { cwd: home });
    expect(text.status).toBe(5);
    expect(text.stdout).toContain('side: "a" -> "b"');
    expect(text.stdout).toContain('changed  etc/content  content from byte 5000');
    expect(text.stdout).toContain('changed  etc/owner  owner 0:0 -> 7:70000');
    expect(text.stdout).toContain('changed  old:amd64 1.0 -> 1.1');
  });

  test('an image from a registry', async () => {
    const registry: TestRegistry = await startRegistry();
    try {
      for (const tag of ['a', 'b']) {
        const blob = async (digest: string) =>
          readFile(at(`${tag}.oci`, 'blobs', digest.replace(':', '/')), 'utf8');
        const index = JSON.parse(await readFile(at(`${tag}.oci`, 'index.json'), 'utf8')) as Index;
        const text = await blob(index.manifests[0]?.digest ?? '');
        const manifest = JSON.parse(text) as Manifest;
        for (const { digest } of [manifest.config, ...manifest.layers]) {
          const file = at(`${tag}.oci`, 'blobs', digest.replace(':', '/'));
          expect(await registry.pushBlob('team/os', await readFile(file))).toBe(digest);
        }
        await registry.pushManifest('team/os', { ...manifest, mediaType: manifest.mediaType ?? '' }, tag);
      }
      const { status, difference, stderr } = await diff(
        `docker://${registry.host}/team/os:a`,
        `docker://${registry.host}/team/os:b`,
      );
      expect(status, stderr).toBe(5);
      expect(difference.a.digest).not.toBe(difference.b.digest);
      expect(changesOf(difference)).toEqual(EVERYTHING);
    } finally {
      await registry[Symbol.asyncDispose]();
    }
  });

  test('an input of an unknown kind is refused', async () => {
    expect((await factory(['diff', 'a', './none'], { cwd: home })).status).toBe(2);
    expect((await factory(['diff', 'a', 'bootstrap:bookworm'], { cwd: home })).status).toBe(2);
  });
});
