import { existsSync } from 'node:fs';
import {
  chmod,
  chown,
  cp,
  link,
  lutimes,
  mkdir,
  mkdtemp,
  open,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ExtensionReport } from '../../src/factory/pipeline/build-extension.ts';
import { factory, PROJECT, TEST_HOME } from '../support/factory.ts';
import { startRegistry } from '../support/registry.ts';
import { makeSigner, type TestSigner } from '../support/signer.ts';
import { tool } from '../support/tool.ts';
import {
  type TestImage,
  testImage,
  testIndex,
  testLayout,
} from '../unit/common/oci/layers/support/test-image.ts';
import { type TestMember, tarBytes } from '../unit/support/tar-bytes.ts';

const MIB = 1024 * 1024;
const TIME = 1_700_000_000;

let home: string;
let signer: TestSigner;
beforeAll(async () => {
  home = await mkdtemp(join(TEST_HOME, 'extensions-'));
  signer = await makeSigner(home, 'release');
});
afterAll(() => rm(home, { recursive: true, force: true }));

/** Builds an extension. @param args name its source */
async function make(kind: 'sysext' | 'confext', name: string, ...args: readonly string[]) {
  const output = await mkdtemp(join(home, 'out-'));
  const common = ['--output', output, '--arch', 'amd64', '--json'];
  const { status, stdout, stderr } = await factory([kind, name, ...common, ...args]);
  return { status, stdout, stderr, output, left: (await readdir(output)).sort() };
}

async function made(kind: 'sysext' | 'confext', name: string, ...args: readonly string[]) {
  const outcome = await make(kind, name, ...args);
  if (outcome.status !== 0) throw new Error(outcome.stderr);
  return { ...outcome, report: JSON.parse(outcome.stdout) as ExtensionReport };
}

/** Reads the partitions of a disk image with sfdisk. */
interface PartitionTable {
  readonly partitions: readonly {
    readonly start: number;
    readonly size: number;
    readonly type: string;
    readonly uuid: string;
    readonly name: string;
  }[];
}

async function partitions(file: string) {
  const { partitiontable } = JSON.parse(await tool('sfdisk', '--json', file)) as {
    partitiontable: PartitionTable;
  };
  return partitiontable.partitions.map((each) => ({
    ...each,
    start: each.start * 512,
    size: each.size * 512,
  }));
}

/** Copies a partition of a disk image to a file. */
async function partition(file: string, index: number): Promise<string> {
  const { start, size } = (await partitions(file))[index] ?? { start: 0, size: 0 };
  const whole = await readFile(file);
  const part = join(await mkdtemp(join(home, 'part-')), 'part');
  await writeFile(part, whole.subarray(start, start + size));
  return part;
}

async function unpacked(file: string): Promise<string> {
  const root = join(await mkdtemp(join(home, 'tree-')), 'root');
  await tool('unsquashfs', '-d', root, '-no-progress', await partition(file, 0));
  return root;
}

/** Lists every file below a directory with find(1). */
async function listing(root: string): Promise<string[]> {
  const text = await tool('find', root, '-mindepth', '1', '-printf', '%P %y %#m %U:%G %n %l\n');
  return text.trim().split('\n').sort();
}

/** A tree of programs whose files have the same time. */
async function content(): Promise<string> {
  const root = join(await mkdtemp(join(home, 'content-')), 'root');
  await mkdir(join(root, 'usr/bin'), { recursive: true });
  await mkdir(join(root, 'opt/tool'), { recursive: true });
  const hello = join(root, 'usr/bin/hello');
  await writeFile(hello, '#!/bin/sh\necho extended\n');
  await chmod(hello, 0o4755);
  await link(hello, join(root, 'usr/bin/again'));
  await symlink('hello', join(root, 'usr/bin/third'));
  await writeFile(join(root, 'opt/tool/data'), Buffer.alloc(600_000, 'some data '));
  if (process.getuid?.() === 0) await chown(join(root, 'opt/tool/data'), 12, 34);
  for (const path of await readdir(root, { recursive: true })) await lutimes(join(root, path), TIME, TIME);
  await utimes(root, TIME, TIME);
  return root;
}

/** Writes an OCI layout of images, each with its tag. */
async function layout(images: Readonly<Record<string, TestImage>>): Promise<string> {
  const index = JSON.parse(testIndex({}).toString()) as { manifests: object[] };
  for (const [tag, { digest, manifest }] of Object.entries(images)) {
    index.manifests.push({
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest,
      size: manifest.length,
      annotations: { 'org.opencontainers.image.ref.name': tag },
    });
  }
  const directory = await mkdtemp(join(home, 'layout-'));
  for (const { name, content: bytes = '' } of testLayout(
    Buffer.from(JSON.stringify(index)),
    Object.values(images),
  )) {
    await mkdir(join(directory, name, '..'), { recursive: true });
    await writeFile(join(directory, name), bytes);
  }
  return directory;
}

const BASE: readonly TestMember[] = [
  { name: 'usr/bin/old', content: 'old' },
  { name: 'usr/bin/base', content: 'base' },
];
const MIDDLE: readonly TestMember[] = [{ name: 'opt/middle', content: 'middle' }];
/** The layer of a package installation: the package, and many unrelated files. */
const ADDED: readonly TestMember[] = [
  { name: 'usr/bin/added', content: 'added', mode: 0o755, uid: 7, gid: 8 },
  { name: 'usr/bin/same', type: 'hard', linkName: 'usr/bin/added' },
  // A capability, whose bytes are not text in any encoding.
  {
    name: 'usr/bin/capable',
    content: 'capable',
    pax: { 'SCHILY.xattr.security.capability': '\x01\0\0\x02\0\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0' },
  },
  { name: 'usr/bin/.wh.old', content: '' },
  { name: 'usr/lib/os-release', content: 'ID=other\n' },
  { name: 'var/lib/dpkg/status', content: 'much' },
  { name: 'var/cache/one', content: 'more' },
  { name: 'etc/tool.conf', content: 'setting' },
  { name: 'etc/shadow', content: 'root:*:' },
  { name: 'dev/null', type: 'character', device: [1, 3] },
];

describe('an extension from a directory', () => {
  test('is a disk image with filesystem, hash tree and signature that standard tools accept', async () => {
    const root = await content();
    const signing = ['--sign-key', signer.key, '--certificate', signer.certificate];
    const { report, left, stderr } = await made('sysext', 'hello', '--from', `dir:${root}`, ...signing);
    expect([left, stderr]).toEqual([['hello.sysext.raw'], '']);
    expect(await tool('sha256sum', report.file)).toContain(report.sha256);
    expect((await stat(report.file)).size).toBe(report.size);

    const [data, hashes, signature] = await partitions(report.file);
    const { rootHash } = report;
    // Discoverable Partitions Specification: types, and GUIDs that are the halves of the root hash.
    expect([data?.type, hashes?.type, signature?.type]).toEqual([
      '4F68BCE3-E8CD-4DB1-96E7-FBCAF984B709',
      '2C7357ED-EBD2-46D9-AEC1-23D437EC2BF5',
      '41092B05-9FC8-4523-994F-2DEF0408B176',
    ]);
    const guids = [data, hashes].map((each) => each?.uuid.replaceAll('-', '').toLowerCase()).join('');
    expect(guids).toBe(rootHash);

    const filesystem = await partition(report.file, 0);
    await tool('veritysetup', 'verify', filesystem, report.file, rootHash, `--hash-offset=${hashes?.start}`);

    const text = (await readFile(await partition(report.file, 2))).toString().replace(/\0+$/, '');
    const json = JSON.parse(text) as Record<string, string>;
    expect(json['rootHash']).toBe(rootHash);
    const fingerprint = await tool(
      'openssl',
      'x509',
      '-in',
      signer.certificate,
      '-noout',
      '-sha256',
      '-fingerprint',
    );
    expect(fingerprint.replaceAll(':', '').toLowerCase()).toContain(json['certificateFingerprint']);
    const verify = async (what: string, certificate: string) => {
      const [p7s, hash] = [join(home, 'signature.p7s'), join(home, 'hash')];
      await writeFile(p7s, Buffer.from(json['signature'] ?? '', 'base64'));
      await writeFile(hash, what);
      const args = ['-in', p7s, '-inform', 'DER', '-content', hash, '-certfile', certificate, '-nointern'];
      return execa('openssl', ['cms', '-verify', '-binary', '-noverify', ...args], { reject: false });
    };
    expect((await verify(rootHash, signer.certificate)).exitCode).toBe(0);
    expect((await verify(rootHash.replace(/^./, 'x'), signer.certificate)).exitCode).not.toBe(0);
    const stranger = await makeSigner(home, 'stranger');
    expect((await verify(rootHash, stranger.certificate)).exitCode).not.toBe(0);

    const tree = await unpacked(report.file);
    const release = ['extension-release.hello', 'extension-release.hello.sysext'];
    for (const name of release) {
      expect(await readFile(join(tree, 'usr/lib/extension-release.d', name), 'utf8')).toBe(
        'ID=_any\nARCHITECTURE=x86-64\n',
      );
    }
    await rm(join(tree, 'usr/lib'), { recursive: true });
    expect(await listing(tree)).toEqual(await listing(root));
  });

  test('is inspected: its release file, root hash and signature', async () => {
    const signing = ['--sign-key', signer.key, '--certificate', signer.certificate];
    const { report } = await made('sysext', 'hello', '--from', `dir:${await content()}`, ...signing);
    const { status, stdout, stderr } = await factory(['inspect', report.file, '--json']);
    expect(status, stderr).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      type: 'extension',
      partitions: [
        { name: 'root-x86-64' },
        { name: 'root-x86-64-verity' },
        { name: 'root-x86-64-verity-sig' },
      ],
      extension: { name: 'hello', kind: 'sysext', ID: '_any', rootHash: report.rootHash },
      signatures: [{ form: 'dm-verity', by: 'certificate' }],
    });
  });

  test('that was changed does not match its root hash', async () => {
    const { report } = await made('sysext', 'hello', '--from', `dir:${await content()}`);
    const filesystem = await partition(report.file, 0);
    const [, hashes] = await partitions(report.file);
    const verify = () =>
      execa(
        '/usr/sbin/veritysetup',
        ['verify', filesystem, report.file, report.rootHash, `--hash-offset=${hashes?.start}`],
        { reject: false },
      );
    expect((await verify()).exitCode).toBe(0);
    const file = await open(filesystem, 'r+');
    await file.write(Buffer.from('X'), 0, 1, 200);
    await file.close();
    expect((await verify()).exitCode).not.toBe(0);
  });

  test.skipIf(process.getuid?.() !== 0 || !existsSync('/dev/loop-control'))(
    'is a signed extension to systemd (skipped without loop devices, which only systemd-dissect needs)',
    async () => {
      const signing = ['--sign-key', signer.key, '--certificate', signer.certificate];
      const from = ['--from', `dir:${await content()}`];
      const { report } = await made('sysext', 'hello', ...from, ...signing, '--service-reload');
      const told = await tool('systemd-dissect', '--no-pager', report.file);
      expect(told).toMatch(/[✓+] extension for system/);
      expect(told).toMatch(/root-x86-64 +squashfs +x86-64 +signed/);
      expect(told).toContain('EXTENSION_RELOAD_MANAGER=1');
    },
  );

  test.each(['squashfs', 'erofs'])('has the same bytes each time, as %s', async (format) => {
    const root = await content();
    const signing = ['--sign-key', signer.key, '--certificate', signer.certificate, '--format', format];
    const first = await made('sysext', 'hello', '--from', `dir:${root}`, ...signing);
    const copy = join(await mkdtemp(join(home, 'copy-')), 'elsewhere');
    await cp(root, copy, { recursive: true, preserveTimestamps: true, verbatimSymlinks: true });
    // Node's cp does not keep these.
    await rm(join(copy, 'usr/bin/again'));
    await link(join(copy, 'usr/bin/hello'), join(copy, 'usr/bin/again'));
    if (process.getuid?.() === 0) await chown(join(copy, 'opt/tool/data'), 12, 34);
    await chmod(join(copy, 'usr/bin/hello'), 0o4755);
    for (const path of await readdir(copy, { recursive: true })) await lutimes(join(copy, path), TIME, TIME);
    const second = await made('sysext', 'hello', '--from', `dir:${copy}`, ...signing);
    expect(second.report.sha256).toBe(first.report.sha256);
    expect((await readFile(first.report.file)).equals(await readFile(second.report.file))).toBe(true);
  });

  test('is refused if it has other files, which the error lists', async () => {
    const root = await content();
    await mkdir(join(root, 'var/lib'), { recursive: true });
    await writeFile(join(root, 'var/lib/state'), '');
    const { status, stderr, left } = await make('sysext', 'hello', '--from', `dir:${root}`);
    expect([status, left]).toEqual([5, []]);
    expect(stderr).toContain('/var/lib/state');
  });

  test('keeps its own release file, and is refused with the release file of another extension', async () => {
    const root = await content();
    const place = join(root, 'usr/lib/extension-release.d');
    await mkdir(place, { recursive: true });
    await writeFile(join(place, 'extension-release.hello'), 'ID=debian\nVERSION_ID=12\n');
    const { report } = await made('sysext', 'hello', '--from', `dir:${root}`);
    const name = 'usr/lib/extension-release.d/extension-release.hello.sysext';
    expect(await readFile(join(await unpacked(report.file), name), 'utf8')).toBe(
      'ID=debian\nVERSION_ID=12\n',
    );
    expect((await make('sysext', 'other', '--from', `dir:${root}`)).stderr).toContain(
      'extension-release.hello',
    );
    const twice = await make('sysext', 'hello', '--from', `dir:${root}`, '--os-release-id', 'debian');
    expect([twice.status, twice.left]).toEqual([2, []]);
    await writeFile(join(place, 'extension-release.hello'), 'ID=_any\nARCHITECTURE=arm64\n');
    expect((await make('sysext', 'hello', '--from', `dir:${root}`)).status).toBe(5);
  });
});

describe('an extension from an image', () => {
  test('is the last layer without unrelated files, which a notice lists', async () => {
    const images = { base: testImage([BASE]), os: testImage([BASE, MIDDLE, ADDED]) };
    const { report, stderr } = await made('sysext', 'added', '--from', `oci:${await layout(images)}:os`);
    for (const what of ['/var (2)', '/etc (2)', '/dev (1)', '/usr/lib/os-release (1)', '/usr/bin/old'])
      expect(stderr).toContain(what);
    const tree = await unpacked(report.file);
    expect(await listing(tree)).toEqual(
      expect.arrayContaining([
        expect.stringMatching(/^usr\/bin\/added f 0755 \d+:\d+ 2/),
        expect.stringMatching(/^usr\/bin\/same f 0755 \d+:\d+ 2/),
      ]),
    );
    expect((await readdir(tree)).sort()).toEqual(['usr']);
    expect((await readdir(join(tree, 'usr/lib'))).sort()).toEqual(['extension-release.d']);
    const attributes = await tool('unsquashfs', '-lln', await partition(report.file, 0));
    expect(attributes).toMatch(/7\/8 +5 .*usr\/bin\/added/);
    expect(await tool('getcap', join(tree, 'usr/bin/capable'))).toContain('cap_net_raw');
  });

  test('is all layers above those of another image, which it must be built on', async () => {
    const other = testImage([[{ name: 'usr/other', content: '' }]]);
    const images = { base: testImage([BASE]), os: testImage([BASE, MIDDLE, ADDED]), other };
    const oci = `oci:${await layout(images)}`;
    const from = ['--from', `${oci}:os`, '--above', `${oci}:base`];
    const { report, stderr } = await made('sysext', 'added', ...from);
    expect(stderr).toContain('removes /usr/bin/old, which an extension cannot do');
    const tree = await unpacked(report.file);
    expect(await readFile(join(tree, 'opt/middle'), 'utf8')).toBe('middle');
    expect(existsSync(join(tree, 'usr/bin/base'))).toBe(false);
    const wrong = await make('sysext', 'added', '--from', `${oci}:os`, '--above', `${oci}:other`);
    expect([wrong.status, wrong.left]).toEqual([5, []]);
  });

  test('as a confext has the files of the layer below /etc, without the accounts of the image', async () => {
    const archive = await layout({ os: testImage([BASE, ADDED]) });
    const { report } = await made('confext', 'settings', '--from', `oci:${archive}`);
    expect(report.file).toMatch(/settings\.confext\.raw$/);
    const tree = await unpacked(report.file);
    expect((await readdir(join(tree, 'etc'))).sort()).toEqual(['extension-release.d', 'tool.conf']);
    expect(await readFile(join(tree, 'etc/extension-release.d/extension-release.settings'), 'utf8')).toBe(
      'ID=_any\nARCHITECTURE=x86-64\n',
    );
  });

  test('can come from an archive of "docker save" or a registry', async () => {
    const image = testImage([BASE, ADDED]);
    const tars = [BASE, ADDED].map((layer) => tarBytes(layer));
    const config = [...image.blobs.values()].find((blob) => blob.toString().includes('diff_ids'));
    const manifest = [{ Config: 'config.json', Layers: ['0.tar', '1.tar'], RepoTags: null }];
    const archive = join(home, 'image.tar');
    await writeFile(
      archive,
      tarBytes([
        { name: 'manifest.json', content: JSON.stringify(manifest) },
        { name: 'config.json', content: config ?? '' },
        ...tars.map((tar, index) => ({ name: `${index}.tar`, content: tar })),
      ]),
    );
    const saved = await made('sysext', 'added', '--from', `docker-archive:${archive}`);
    await using registry = await startRegistry();
    for (const blob of image.blobs.values()) await registry.pushBlob('fleet/added', blob);
    const pushed = JSON.parse(image.manifest.toString()) as { mediaType: string };
    await registry.pushManifest('fleet/added', pushed, 'v1');
    const fetched = await made('sysext', 'added', '--from', `docker://${registry.host}/fleet/added:v1`);
    expect(fetched.report.sha256).toBe(saved.report.sha256);
  });

  test.each<[string, readonly TestMember[], RegExp]>([
    ['leaves the tree', [{ name: '../outside', content: 'x' }], /outside the root/],
    [
      'has its release directory behind a link',
      [
        { name: 'usr/bin/x', content: 'x' },
        { name: 'usr/lib', type: 'link', linkName: '/etc' },
      ],
      /not a directory/,
    ],
    ['has no usable files', [{ name: 'var/x', content: 'x' }], /no file below/],
  ])('is refused when its layer %s', async (_, layer, message) => {
    const from = `oci:${await layout({ os: testImage([BASE, layer]) })}`;
    const { status, stderr, left } = await make('sysext', 'added', '--from', from);
    expect([[2, 5].includes(status), left]).toEqual([true, []]);
    expect(stderr).toMatch(message);
  });

  test('is refused when the layer does not match its digest or is for another architecture', async () => {
    const image = testImage([BASE, ADDED]);
    const directory = await layout({ os: image });
    expect((await make('sysext', 'added', '--from', `oci:${directory}`, '--arch', 'arm64')).status).toBe(5);
    const blob = join(directory, 'blobs', (image.layers[1]?.digest ?? '').replace(':', '/'));
    const other = testImage([[{ name: 'usr/bin/evil', content: 'evil' }]]);
    const [bytes] = [...other.blobs.entries()].filter(([digest]) => digest === other.layers[0]?.digest);
    const padded = Buffer.alloc(image.layers[1]?.size ?? 0);
    bytes?.[1].copy(padded);
    await writeFile(blob, padded);
    const { status, left } = await make('sysext', 'added', '--from', `oci:${directory}`);
    expect([status, left]).toEqual([5, []]);
  });
});

describe('bad input', () => {
  test.each<[string, readonly string[]]>([
    ['a name of the store', ['sysext', 'active', '--from', 'dir:.']],
    ['a name with its ending', ['sysext', 'x.raw', '--from', 'dir:.']],
    ['a name that is a path', ['sysext', '../x', '--from', 'dir:.']],
    ['a bootstrap', ['sysext', 'x', '--from', 'bootstrap:bookworm']],
    ['a directory that is not there', ['sysext', 'x', '--from', 'dir:/nowhere']],
    ['a key without a certificate', ['sysext', 'x', '--from', 'dir:.', '--sign-key', 'k']],
    ['a version without an OS', ['sysext', 'x', '--from', 'dir:.', '--os-release-version', '12']],
    ['layers of a directory', ['sysext', 'x', '--from', 'dir:.', '--above', 'oci:y']],
  ])('%s gives exit status 2', async (_, args) => {
    const output = join(home, 'none');
    expect((await factory([...args, '--output', output])).status).toBe(2);
    expect(existsSync(output) ? await readdir(output) : []).toEqual([]);
  });

  test('a key with a passphrase, and one that does not match the certificate, give exit status 2; keys are never shown', async () => {
    const from = ['--from', `dir:${await content()}`];
    const locked = join(home, 'locked.key');
    await tool('openssl', 'pkey', '-in', signer.key, '-aes256', '-passout', 'pass:secret', '-out', locked);
    const stranger = await makeSigner(home, 'another');
    for (const key of [locked, stranger.key]) {
      const { status, stderr, left } = await make(
        'sysext',
        'hello',
        ...from,
        '--sign-key',
        key,
        '--certificate',
        signer.certificate,
      );
      expect([status, left]).toEqual([2, []]);
      expect(stderr).not.toMatch(/PRIVATE KEY-----/);
    }
  });

  test('a missing openssl gives exit status 3 and names the package', async () => {
    const bin = await mkdtemp(join(home, 'bin-'));
    const links =
      'for f in /usr/bin/* /bin/*; do case $f in */openssl) ;; *) ln -sf "$f" "$1";; esac; done; ln -sf "$2" "$1/node"';
    await tool('sh', '-c', links, 'sh', bin, process.execPath);
    const signing = ['--sign-key', signer.key, '--certificate', signer.certificate];
    const args = ['sysext', 'hello', '--from', `dir:${await content()}`, '--output', join(home, 'none')];
    const { status, stderr } = await factory([...args, ...signing], { env: { PATH: bin } });
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/openssl is not installed[\s\S]*install openssl/),
    ]);
  });

  // It is in /usr/sbin, which is searched whatever the PATH, so the test cannot hide it.
  test('an outdated veritysetup gives exit status 3 and names the package', async () => {
    const bin = await mkdtemp(join(home, 'bin-'));
    await writeFile(join(bin, 'veritysetup'), '#!/bin/sh\necho veritysetup 1.6.0\n', { mode: 0o755 });
    const args = ['sysext', 'hello', '--from', `dir:${await content()}`, '--output', join(home, 'none')];
    const { status, stderr } = await factory(args, { env: { PATH: `${bin}:${process.env['PATH']}` } });
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/1\.6\.0 is not usable[\s\S]*cryptsetup-bin/),
    ]);
  });
});

test('a signal leaves nothing behind: no file, no process, no temporary tree', async () => {
  const root = join(await mkdtemp(join(home, 'large-')), 'root');
  await mkdir(join(root, 'usr'), { recursive: true });
  await tool('sh', '-c', 'head -c 200M /dev/urandom >"$1"', 'sh', join(root, 'usr/large'));
  const [output, cache] = [join(home, 'signalled'), join(home, 'cache')];
  const child = execa(
    join(PROJECT, 'bin/kairos-factory'),
    ['sysext', 'x', '--from', `dir:${root}`, '--output', output],
    {
      env: { KAIROS_FACTORY_CACHE: cache },
      reject: false,
    },
  );
  // The tree is being filled at this point.
  const work = join(cache, 'work');
  const isFilling = async () =>
    (await readdir(work, { recursive: true }).catch(() => [])).some((path) => path.endsWith('usr/large'));
  while (!(await isFilling())) await setTimeout(20);
  child.kill('SIGTERM');
  expect((await child).exitCode).toBe(130);
  expect([await readdir(output), await readdir(work)]).toEqual([[], []]);
});

test('a disk image is at most 1 MiB larger than its parts', async () => {
  const { report } = await made('sysext', 'hello', '--from', `dir:${await content()}`);
  const parts = (await partitions(report.file)).reduce((sum, { size }) => sum + size, 0);
  expect(report.size).toBeLessThan(MIB + parts + 32 * 1024);
});
