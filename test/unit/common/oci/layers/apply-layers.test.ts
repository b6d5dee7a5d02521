import { execFileSync } from 'node:child_process';
import {
  chmodSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { applyLayers, overlayTar } from '../../../../../src/common/oci/layers/apply-layers.ts';
import { type TestHost, testHost } from '../../../agent/support/test-host.ts';
import { type TestMember, tarBytes } from '../../../support/tar-bytes.ts';

const isRoot = process.getuid?.() === 0;
let host: TestHost;
let target: string;

beforeEach(async () => {
  host = await testHost();
  await host.makeDirectory('/target');
  target = host.resolve('/target');
});
afterEach(() => host[Symbol.asyncDispose]());

async function apply(...layers: (readonly TestMember[] | Buffer)[]): Promise<number> {
  const files = await Promise.all(
    layers.map(async (layer, index) => {
      const bytes = Buffer.isBuffer(layer) ? layer : gzipSync(tarBytes(layer));
      await host.write(`/blobs/${index}`, bytes);
      return { file: host.resolve(`/blobs/${index}`), start: 0, size: bytes.length };
    }),
  );
  return applyLayers(host, files, { target });
}

const read = (path: string) => readFileSync(join(target, path), 'utf8');
const names = (path = '.') => readdirSync(join(target, path)).sort();
const directory = (name: string): TestMember => ({ name, type: 'directory' });
const file = (name: string, content = name): TestMember => ({ name, content });
const link = (name: string, linkName: string): TestMember => ({ name, type: 'link', linkName });
const refusal = (reason: RegExp) => ({ kind: 'verification', message: expect.stringMatching(reason) });

describe('content', () => {
  const members = [directory('./'), directory('etc/'), file('etc/hostname', 'node\n')];

  test.each([
    ['plain', tarBytes(members)],
    ['gzip', gzipSync(tarBytes(members))],
    [
      'gzip in two parts',
      Buffer.concat([
        gzipSync(tarBytes(members).subarray(0, 700)),
        gzipSync(tarBytes(members).subarray(700)),
      ]),
    ],
    ['zstd', zstdCompressSync(tarBytes(members))],
    [
      'zstd in two frames',
      Buffer.concat([
        zstdCompressSync(tarBytes(members).subarray(0, 700)),
        zstdCompressSync(tarBytes(members).subarray(700)),
      ]),
    ],
  ])('a layer that is %s', async (_, bytes) => {
    expect(await apply(bytes)).toBe(5);
    expect(read('etc/hostname')).toBe('node\n');
  });

  test('an empty layer, and one without the end of an archive', async () => {
    await apply(Buffer.alloc(0), tarBytes([file('a')]).subarray(0, 1024), tarBytes([]));
    expect(names()).toEqual(['a']);
  });

  test('modes, times, links, pipes, long names, names that are not UTF-8', async () => {
    const long = `${'d'.repeat(120)}/${'f'.repeat(200)}`;
    await apply([
      { ...directory('tmp/'), mode: 0o1777 },
      { ...file('bin'), mode: 0o4755, modified: 1_000_000_000 },
      { name: 'again', type: 'hard', linkName: 'bin' },
      link('sh', '../../bin/busybox'),
      { name: 'pipe', type: 'pipe' },
      { name: 'x', content: 'long', pax: { path: long } },
      { name: 'x', content: 'utf', pax: { path: Buffer.from('Főtanúsítvány').toString('latin1') } },
      { name: 'x', content: 'latin', pax: { path: 'caf\xe9' } },
      { name: 'fraction', content: '', pax: { mtime: '1234567890.5' } },
      { name: 'early', content: '', pax: { mtime: '-1' } },
    ]);
    expect(statSync(join(target, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(statSync(join(target, 'bin'))).toMatchObject({ mtimeMs: 1e12, nlink: 2 });
    expect(statSync(join(target, 'bin')).mode & 0o7777).toBe(0o4755);
    expect(statSync(join(target, 'again')).ino).toBe(statSync(join(target, 'bin')).ino);
    expect(readlinkSync(join(target, 'sh'))).toBe('../../bin/busybox');
    expect(lstatSync(join(target, 'pipe')).isFIFO()).toBe(true);
    expect(read(long)).toBe('long');
    expect(read('Főtanúsítvány')).toBe('utf');
    expect(readFileSync(Buffer.from(`${target}/caf\xe9`, 'latin1'), 'utf8')).toBe('latin');
    expect(statSync(join(target, 'fraction')).mtimeMs).toBe(1234567890500);
    expect(statSync(join(target, 'early')).mtimeMs).toBe(-1000);
  });

  test.runIf(isRoot)('owners and devices', async () => {
    await apply([
      { ...file('mine'), uid: 1234, gid: 4321 },
      { ...file('large'), pax: { uid: '3000000000' } },
    ]);
    expect(statSync(join(target, 'mine'))).toMatchObject({ uid: 1234, gid: 4321 });
    expect(statSync(join(target, 'large')).uid).toBe(3_000_000_000);
  });

  test.runIf(isRoot)('a device', async (context) => {
    try {
      execFileSync('mknod', [join(target, '..', 'probe'), 'c', '1', '3'], { stdio: 'ignore' });
    } catch {
      context.skip('this sandbox makes no devices');
    }
    await apply([{ name: 'null', type: 'character', device: [1, 3] }]);
    expect(lstatSync(join(target, 'null')).isCharacterDevice()).toBe(true);
  });

  test('capabilities and attributes byte by byte, but not those of overlays', async (context) => {
    const probe = join(target, '..', 'probe');
    writeFileSync(probe, '');
    if (!python(`import os; os.setxattr(${JSON.stringify(probe)}, 'user.x', b'1')`)) {
      context.skip('this filesystem has no extended attributes, or there is no python3');
    }
    // cap_setuid=ep as newuidmap has it: 0x80 is not valid UTF-8.
    const capability = '\x01\x00\x00\x02\x80\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00';
    await apply([
      {
        ...file('newuidmap'),
        pax: {
          'SCHILY.xattr.user.bytes': '\xff\xfe=\n',
          'SCHILY.xattr.user.overlay.redirect': '/etc',
          ...(isRoot ? { 'SCHILY.xattr.security.capability': capability } : {}),
        },
      },
    ]);
    const path = JSON.stringify(join(target, 'newuidmap'));
    expect(python(`import os; print(os.getxattr(${path}, 'user.bytes').hex())`)).toBe('fffe3d0a\n');
    expect(python(`import os; print('user.overlay.redirect' in os.listxattr(${path}))`)).toBe('False\n');
    if (isRoot) {
      const found = python(`import os; print(os.getxattr(${path}, 'security.capability').hex())`);
      expect(found).toBe(`${Buffer.from(capability, 'latin1').toString('hex')}\n`);
    }
  });

  test("GNU tar's own archives: long names, holes", async () => {
    const source = join(host.root, 'source');
    mkdirSync(join(source, 'd'.repeat(150)), { recursive: true });
    writeFileSync(join(source, 'd'.repeat(150), 'x'.repeat(90)), 'content');
    writeFileSync(join(source, 'holes'), '');
    truncateSync(join(source, 'holes'), 5 * 2 ** 20);
    for (const format of ['gnu', 'posix', 'ustar']) {
      const sparse = format === 'posix' ? ['--sparse'] : [];
      const wanted = format === 'ustar' ? ['holes'] : ['.'];
      const args = ['-c', `--format=${format}`, ...sparse, '-C', source, ...wanted];
      const bytes = execFileSync('tar', args, { maxBuffer: 2 ** 26 });
      await host.remove('/target');
      await host.makeDirectory('/target');
      await apply(bytes);
      expect(statSync(join(target, 'holes')).size).toBe(5 * 2 ** 20);
      if (format === 'posix') expect(statSync(join(target, 'holes')).blocks).toBeLessThan(100);
      if (format !== 'ustar') expect(read(`${'d'.repeat(150)}/${'x'.repeat(90)}`)).toBe('content');
    }
  });
});

test('refuses a directory that is not empty', async () => {
  await host.write('/target/x', '');
  await expect(apply([file('a')])).rejects.toMatchObject({ kind: 'usage' });
});

test("refuses to unpack when there is only BusyBox's tar", async () => {
  await using bare = await testHost({ run: () => 'tar (busybox) 1.37.0' });
  await bare.makeDirectory('/target');
  await expect(applyLayers(bare, [], { target: bare.resolve('/target') })).rejects.toMatchObject({
    kind: 'tool',
  });
});

test('reports a full disk with a remedy', async () => {
  await using full = await testHost();
  await full.makeDirectory('/target');
  const failing = { ...full, pipeInto: full.pipeInto };
  failing.pipeInto = async () =>
    full.pipeInto('sh', ['-c', 'echo "No space left on device" >&2; exit 2'], empty());
  await full.write('/blob', tarBytes([]));
  const layer = { file: full.resolve('/blob'), start: 0, size: 1024 };
  await expect(applyLayers(failing, [layer], { target: full.resolve('/target') })).rejects.toMatchObject({
    kind: 'step',
    remedy: expect.stringContaining('no space left'),
  });
});

async function* empty(): AsyncGenerator<Uint8Array> {}

async function* stream(...members: TestMember[]): AsyncGenerator<Uint8Array> {
  yield tarBytes(members);
}

describe('over existing files', () => {
  test('links are followed within it, directories keep their mode', async () => {
    mkdirSync(join(target, 'usr/lib'), { recursive: true });
    mkdirSync(join(target, 'tmp'));
    chmodSync(join(target, 'tmp'), 0o1777);
    symlinkSync('usr/lib', join(target, 'lib'));
    symlinkSync('/opt', join(target, 'absolute'));
    writeFileSync(join(target, 'kept'), 'kept');
    await overlayTar(
      host,
      stream(
        directory('./'),
        directory('tmp'),
        directory('lib'),
        file('lib/x'),
        file('absolute/y'),
        file('tmp/z'),
      ),
      { target },
    );
    expect(lstatSync(join(target, 'lib')).isSymbolicLink()).toBe(true);
    expect(names('usr/lib')).toEqual(['x']);
    expect(names('opt')).toEqual(['y']);
    expect(statSync(join(target, 'tmp')).mode & 0o7777).toBe(0o1777);
    expect(read('kept')).toBe('kept');
  });

  test('links are not followed out of it', async () => {
    mkdirSync(join(host.root, 'outside'));
    symlinkSync('../outside', join(target, 'out'));
    await expect(overlayTar(host, stream(file('out/x')), { target })).rejects.toMatchObject(
      refusal(/leads outside/),
    );
  });
});

/** What a line of Python prints; empty text when it fails. */
function python(code: string): string {
  try {
    return (
      execFileSync('python3', ['-c', code], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] }) || '\n'
    );
  } catch {
    return '';
  }
}
