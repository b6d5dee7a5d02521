import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { describe, expect, test } from 'vitest';
import { freePort } from '../../../../src/factory/boot/forward.ts';
import { answerRequest, requestedName } from '../../../../src/factory/netboot/answer-request.ts';
import { byteRange } from '../../../../src/factory/netboot/byte-range.ts';
import { startFileServer } from '../../../../src/factory/netboot/file-server.ts';
import type { NetbootEvent } from '../../../../src/factory/netboot/netboot-event.ts';
import { openFile, textFile } from '../../../../src/factory/netboot/published-file.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const SCRIPT = textFile('amd64.ipxe', 'script', '0123456789');
const FILES = new Map([SCRIPT, textFile('ipxe.efi', 'loader', 'x')].map((file) => [file.name, file]));
const answer = (url: string, headers = {}, method = 'GET') => answerRequest({ method, url, headers }, FILES);

test.each<[string | undefined, ReturnType<typeof byteRange>]>([
  [undefined, undefined],
  ['bytes=2-4', { start: 2, end: 4 }],
  ['bytes=2-', { start: 2, end: 9 }],
  ['bytes=-3', { start: 7, end: 9 }],
  ['bytes=-30', { start: 0, end: 9 }],
  ['bytes=0-99', { start: 0, end: 9 }],
  ['bytes=10-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=4-2', undefined],
  ['bytes=0-1,4-5', undefined],
  ['bytes=-', undefined],
  ['lines=1-2', undefined],
])('the range %j of ten bytes', (header, range) => {
  expect(byteRange(header, 10)).toEqual(range);
});

describe('an answer', () => {
  test('is a whole file, or a part of it', () => {
    expect(answer('/amd64.ipxe?x=1')).toMatchObject({
      status: 200,
      headers: {
        'content-length': '10',
        'content-type': 'application/octet-stream',
        'accept-ranges': 'bytes',
      },
      content: { start: 0, end: 9 },
    });
    expect(answer('/amd64.ipxe', { range: 'bytes=8-' })).toMatchObject({
      status: 206,
      headers: { 'content-length': '2', 'content-range': 'bytes 8-9/10' },
      content: { start: 8, end: 9 },
    });
    expect(answer('/amd64.ipxe', { range: 'bytes=8-', 'if-range': '"other"' }).status).toBe(200);
    expect(answer('/amd64.ipxe', { range: 'bytes=8-', 'if-range': SCRIPT.etag }).status).toBe(206);
  });

  test('has no content for HEAD, for what does not exist, and for other methods', () => {
    expect(answer('/ipxe.efi', {}, 'HEAD')).toMatchObject({
      status: 200,
      headers: { 'content-length': '1', 'content-type': 'application/efi' },
    });
    expect(answer('/ipxe.efi', {}, 'HEAD').content).toBeUndefined();
    expect(answer('/amd64.ipxe', { range: 'bytes=10-' })).toEqual({
      status: 416,
      headers: { 'content-range': 'bytes */10' },
    });
    expect(answer('/amd64.ipxe', {}, 'PUT')).toEqual({ status: 405, headers: { allow: 'GET, HEAD' } });
  });

  test.each(['/', '/../amd64.ipxe', '/%2e%2e/amd64.ipxe', '/x/amd64.ipxe', '/%ff', '/amd64.ipxe%00'])(
    'of %s is that it does not exist',
    (url) => {
      expect(answer(url)).toEqual({ status: 404, headers: {} });
    },
  );

  test('takes names as clients write them', () => {
    expect(requestedName('http://192.0.2.1:8080/a%7Eb')).toBe('a~b');
    expect(requestedName('//a')).toBe('a');
    expect(requestedName(undefined)).toBe('');
  });
});

describe('the server', () => {
  test('sends files, and says who has which bytes', async () => {
    const path = join(temporaryDirectory(), 'kernel');
    const content = Buffer.alloc(600_000, 'abc');
    writeFileSync(path, content);
    await using stack = new AsyncDisposableStack();
    const file = await openFile({ name: 'os-kernel', role: 'kernel', path }, stack);
    const port = await freePort();
    const events: NetbootEvent[] = [];
    const files = new Map([[file.name, file]]);
    stack.use(
      await startFileServer({ address: '127.0.0.1', port, files, onEvent: (event) => events.push(event) }),
    );
    const url = `http://127.0.0.1:${port}`;
    expect(Buffer.from(await (await fetch(`${url}/os-kernel`)).arrayBuffer()).equals(content)).toBe(true);
    const part = await fetch(`${url}/os-kernel`, { headers: { range: 'bytes=1-3' } });
    expect(await part.text()).toBe('bca');
    expect((await fetch(`${url}/etc/passwd`)).status).toBe(404);
    expect((await fetch(`${url}/os-kernel`, { method: 'HEAD' })).headers.get('content-length')).toBe(
      '600000',
    );
    const common = { kind: 'transfer', ip: '127.0.0.1', file: 'os-kernel', role: 'kernel', by: 'HTTP' };
    expect(events.filter((event) => event.kind !== 'transfer' || event.state === 'done')).toEqual([
      { ...common, transfer: 1, state: 'done', sent: 600_000, of: 600_000, isPart: false },
      { ...common, transfer: 2, state: 'done', sent: 3, of: 3, isPart: true },
      { kind: 'missing', ip: '127.0.0.1', file: 'etc/passwd', by: 'HTTP' },
    ]);
    await expect(
      startFileServer({ address: '127.0.0.1', port, files, onEvent: () => undefined }),
    ).rejects.toMatchObject({ code: 'PORT_IN_USE', remedy: expect.stringContaining('--http-port') });
  });

  test('breaks off when a file has become shorter', async () => {
    const path = join(temporaryDirectory(), 'kernel');
    writeFileSync(path, 'abc');
    await using stack = new AsyncDisposableStack();
    const file = await openFile({ name: 'os-kernel', role: 'kernel', path }, stack);
    writeFileSync(path, '');
    await expect(buffer(Readable.from(file.read(0, 2)))).rejects.toThrow('shorter');
  });
});
