import { describe, expect, test } from 'vitest';
import { createTerminal } from '../../../../scripts/recording/terminal.ts';

function shown(text: string, size = { columns: 10, rows: 3 }): string[] {
  const terminal = createTerminal(size);
  terminal.write(text);
  return terminal.rows().map((spans) => spans.map((span) => span.text).join(''));
}

describe('a terminal', () => {
  test.each([
    ['lines', 'one\r\ntwo', ['one', 'two']],
    ['a long line, at its width', '0123456789ab', ['0123456789', 'ab']],
    ['the last rows', '1\r\n2\r\n3\r\n4', ['2', '3', '4']],
    ['a line drawn again', 'one\r\ntwo\r\n\x1b[2A\x1b[Jnew', ['new']],
    ['a position', 'abc\x1b[2GX', ['aXc']],
    ['a position behind the end', 'a\x1b[4GX', ['a  X']],
    ['the end of a line removed', 'abcd\x1b[3G\x1b[K', ['ab']],
    ['nothing for the cursor', '\x1b[?25lx\x1b[?25h', ['x']],
    ['characters of more than one unit', '😀✔', ['😀✔']],
  ])('shows %s', (_, text, expected) => expect(shown(text)).toEqual(expected));

  test('keeps colours apart', () => {
    const terminal = createTerminal({ columns: 20, rows: 2 });
    terminal.write('a \x1b[32mgood\x1b[39m day   ');
    expect(terminal.rows()).toEqual([
      [
        { text: 'a ', color: undefined },
        { text: 'good', color: 'green' },
        { text: ' day', color: undefined },
      ],
    ]);
  });

  test.each(['\x1b[5m', '\x1b[2B', '\x07', '\x1b'])('refuses %j', (text) => {
    expect(() => shown(text)).toThrow(RangeError);
  });
});
