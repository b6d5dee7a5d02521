import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { readUserData } from '../../../../src/agent/datasource/user-data.ts';

const CONFIG = '#cloud-config\nhostname: a\n';
const SCRIPT = '#!/bin/bash\necho ü\n';
const bytes = (text: string) => Buffer.from(text, 'utf8');
const b64 = (data: string | Uint8Array) => Buffer.from(data).toString('base64');

function multipart(parts: readonly string[], boundary = '===42=='): string {
  const body = parts.map((part) => `--${boundary}\n${part}\n`).join('');
  return `Content-Type: multipart/mixed;\n boundary="${boundary}"\nMIME-Version: 1.0\n\npreamble\n${body}--${boundary}--\n`;
}

describe('user data', () => {
  it.each([
    ['plain', bytes(CONFIG)],
    ['gzip', gzipSync(CONFIG)],
    ['base64', bytes(b64(CONFIG))],
    ['base64 in lines', bytes(`${b64(CONFIG).slice(0, 10)}\n${b64(CONFIG).slice(10)}\n`)],
    ['gzip in base64', bytes(b64(gzipSync(CONFIG)))],
    ['base64 in gzip', gzipSync(b64(CONFIG))],
    ['with a byte order mark', bytes(`\uFEFF${CONFIG}`)],
  ])('is read %s', (_, data) => {
    expect(readUserData(data)).toEqual({ parts: [{ kind: 'config', text: CONFIG }], notes: [] });
  });

  it('gets a missing header', () => {
    expect(readUserData(bytes('stages:\n  boot: []\n')).parts).toEqual([
      { kind: 'config', text: '#cloud-config\nstages:\n  boot: []\n' },
    ]);
  });

  it('can be a script or empty', () => {
    expect(readUserData(bytes(SCRIPT)).parts).toEqual([{ kind: 'script', text: SCRIPT }]);
    expect(readUserData(bytes(' \n'))).toEqual({ parts: [], notes: [] });
  });

  it.each(['#include\nhttps://x/y\n', '<html>\na: b\n', 'hello world', 'c29tZXRoaW5n'])(
    'does not use %j',
    (text) => {
      const { parts, notes } = readUserData(bytes(text));
      expect(parts).toEqual([]);
      expect(notes).toHaveLength(1);
    },
  );

  it('is split from a multipart message, in order', () => {
    const text = multipart([
      `Content-Type: text/cloud-config; charset="utf-8"\n\n${CONFIG}`,
      `Content-Type: text/x-shellscript\nContent-Transfer-Encoding: base64\n\n${b64(SCRIPT)}`,
      'Content-Type: text/cloud-config\nContent-Transfer-Encoding: quoted-printable\n\nhostname: =C3=BC=\nx',
      'Content-Type: text/x-include-url\n\nhttps://x/y',
      multipart([`Content-Type: text/plain\n\n${CONFIG}`], 'inner'),
    ]);
    for (const data of [bytes(text), bytes(text.replaceAll('\n', '\r\n')), gzipSync(text)]) {
      const { parts, notes } = readUserData(data);
      expect(parts.map(({ kind }) => kind)).toEqual(['config', 'script', 'config', 'config']);
      expect(parts[0]?.text.trim()).toBe(CONFIG.trim());
      expect(parts[1]?.text).toBe(SCRIPT);
      expect(parts[2]?.text).toBe('#cloud-config\nhostname: üx');
      expect(notes).toHaveLength(1);
    }
  });

  it('is read from a multipart message without its header', () => {
    const text = `--MIMEBOUNDARY\nContent-Type: text/cloud-config\n\n${CONFIG}--MIMEBOUNDARY--\n`;
    expect(readUserData(bytes(text)).parts).toEqual([{ kind: 'config', text: CONFIG.trimEnd() }]);
    expect(readUserData(bytes('---\nhostname: a\n')).parts[0]?.text).toBe(
      '#cloud-config\n---\nhostname: a\n',
    );
  });

  it('that is corrupt or nested too deeply is reported', () => {
    expect(() => readUserData(gzipSync(CONFIG).subarray(0, 12))).toThrow(
      'compressed user data cannot be decompressed',
    );
    const deep = Array.from({ length: 6 }).reduce<Uint8Array>((data) => gzipSync(data), bytes(CONFIG));
    expect(readUserData(deep)).toEqual({ parts: [], notes: ['user data is nested more than 4 levels deep'] });
  });
});
