import fc from 'fast-check';
import { expect, test } from 'vitest';
import { decodeFileName, encodeFileName, printableFileName } from '../../../../src/common/files/file-name.ts';

test.each([
  ['usr/bin/ls', 'usr/bin/ls'],
  ['Főtanúsítvány.crt', 'Főtanúsítvány.crt'],
  ['x_\udce9', 'x_\\xe9'],
  ['a\nb', 'a\\x0ab'],
  ['\u001b[31m', '\\x1b[31m'],
  ['😀', '😀'],
  ['dev-disk-by\\x2duuid', 'dev-disk-by\\x2duuid'],
])('%j is shown as %s', (name, shown) => {
  expect(printableFileName(name)).toBe(shown);
});

test('bytes that are not UTF-8 become lone surrogates', () => {
  expect(decodeFileName(Buffer.from('ä\xe9/', 'latin1'))).toBe('\udce4\udce9/');
  expect(decodeFileName(Buffer.concat([Buffer.from('ä'), Buffer.of(0xc3, 0x2f)]))).toBe('ä\udcc3/');
});

test('all bytes survive a round trip', () => {
  const bytes = fc.oneof(
    fc.uint8Array(),
    fc.string({ unit: 'binary' }).map((text) => Buffer.from(text)),
  );
  fc.assert(
    fc.property(bytes, (name) => {
      expect(encodeFileName(decodeFileName(Buffer.from(name)))).toEqual(Buffer.from(name));
    }),
  );
});
