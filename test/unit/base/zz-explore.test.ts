import { execFileSync } from 'node:child_process';
import { chownSync, truncateSync, utimesSync, writeFileSync } from 'node:fs';
import { PassThrough, Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { test } from 'vitest';
import { sanitizeTar } from '../../../src/base/sanitize-tar.ts';
import { parseYaml } from '../../../src/spec/yaml-source.ts';
import { makeTar, readTar, type TarEntry } from '../support/tar.ts';
import { temporaryDirectory } from '../support/temporary.ts';

async function tryBytes(name: string, bytes: Buffer, epoch?: number) {
  const out = new PassThrough();
  const whole = buffer(out).catch((e) => e);
  try {
    await sanitizeTar(Readable.from([bytes]), out, {
      name: 'x',
      ...(epoch ? { epoch } : {}),
      onNotice: (t) => console.log('notice', t),
    });
    const entries = await readTar((await whole) as Buffer);
    console.log(
      name,
      'OK',
      JSON.stringify(
        entries.map((e) => ({
          ...e.header,
          content: e.content.toString().slice(0, 20),
          len: e.content.length,
        })),
      ),
    );
  } catch (e) {
    console.log(name, 'ERR', (e as any).kind, String(e));
    out.destroy();
  }
}
const t = async (name: string, entries: TarEntry[], epoch?: number) =>
  tryBytes(name, await makeTar(entries), epoch);
test('x', async () => {
  await t('link below symlink', [
    { name: 'a', type: 'symlink', linkname: '/etc' },
    { name: 'b', type: 'link', linkname: 'a/passwd' },
  ]);
  await t('root symlink', [
    { name: './', type: 'symlink', linkname: '/etc' },
    { name: 'passwd', content: 'x' },
  ]);
  await t('gnu sparse name', [
    {
      name: 'ok',
      content: 'x',
      pax: {
        'GNU.sparse.name': '../../evil',
        'GNU.sparse.major': '1',
        'GNU.sparse.minor': '0',
        'GNU.sparse.realsize': '1',
      },
    } as any,
  ]);
  await t('nul', [
    { name: 'd', type: 'symlink', linkname: '/etc', pax: { path: 'd\0z' } } as any,
    { name: 'd/evil', content: 'x' },
  ]);
  await t('bigid', [{ name: 'd', content: 'x', uid: 200000, gid: 262143 } as any]);
  await tryBytes('garbage100', Buffer.alloc(100, 'x'));
  await tryBytes('garbage', Buffer.alloc(4096, 'x'));
  await tryBytes('empty', Buffer.alloc(0));
  await tryBytes('zeros', Buffer.alloc(10240));
  await t('2040', [{ name: 'd', content: 'x', mtime: new Date('2040-01-01') }]);
  const dir = temporaryDirectory();
  writeFileSync(`${dir}/f`, 'hello');
  utimesSync(`${dir}/f`, new Date('2040-01-01'), new Date('2040-01-01'));
  await tryBytes('real2040', execFileSync('tar', ['-C', dir, '-c', 'f']));
  utimesSync(`${dir}/f`, new Date('1960-01-01'), new Date('1960-01-01'));
  await tryBytes('real1960', execFileSync('tar', ['-C', dir, '-c', 'f']));
  for (const uid of [300000, 3000000]) {
    for (const f of ['gnu', 'posix'])
      await tryBytes(
        `uid ${uid} ${f}`,
        execFileSync('tar', ['-C', dir, `--owner=:${uid}`, `--group=:${uid}`, `--format=${f}`, '-c', 'f']),
      );
  }
  truncateSync(`${dir}/f`, 10_000_000);
  for (const f of ['gnu', 'posix'])
    await tryBytes(`sparse ${f}`, execFileSync('tar', ['-C', dir, '-S', `--format=${f}`, '-c', 'f']));
  const names = await makeTar([{ name: 'a/../../b', content: 'x' }]);
  await tryBytes('dotdot', names);
  await t('dup', [
    { name: 'a', type: 'symlink', linkname: '/etc' },
    { name: 'a', type: 'directory' },
    { name: 'a/b', content: 'x' },
  ]);
  await t('devices', [
    { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'a', content: 'x' },
  ]);
  await t('devices only link', [
    { name: 'dev/null', type: 'character-device', devmajor: 1, devminor: 3 },
    { name: 'a', type: 'link', linkname: 'dev/null' },
  ]);
  await t('fifo', [{ name: 'p', type: 'fifo' }, { name: 'c', type: 'contiguous-file' } as any]);
  const good = await makeTar([
    { name: 'a', content: 'x'.repeat(2000) },
    { name: 'b', content: 'y' },
  ]);
  for (const n of [100, 512, 700, 512 + 2000, 512 + 2048, 512 + 2048 + 512, 512 + 2048 + 513])
    await tryBytes(`cut ${n}`, good.subarray(0, n));
  const bad = Buffer.from(good);
  bad.writeUInt8(0x7a, 512 + 2048 + 5);
  await tryBytes('corrupt second header', bad);
  for (const y of [
    'a: &a [x]\nb: *zz',
    'a: !!foo x',
    'a: 1\na: 2',
    'a: [1',
    '\tb: 1',
    '? [a]\n: b',
    'a: &x {b: *x}',
    '%YAML 9.9\n---\na: 1',
    '<<: 1',
    'a: !!binary x',
    '--- a\n--- b',
    'a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c]',
  ]) {
    try {
      const s = parseYaml('f', y);
      console.log(
        JSON.stringify(y.slice(0, 30)),
        JSON.stringify(s.data)?.slice(0, 80),
        s.locate(['a']),
        s.has(['a', 'q']),
      );
    } catch (e) {
      console.log(JSON.stringify(y.slice(0, 30)), (e as any).kind, String(e));
    }
  }
});
