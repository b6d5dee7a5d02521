import { describe, expect, test } from 'vitest';
import { parseContainerfile } from '../../../../../src/factory/image/context/parse-containerfile.ts';

const read = (text: string) =>
  parseContainerfile(text).instructions.map(({ name, rest, first, last }) => [name, rest, first, last]);

describe('parseContainerfile', () => {
  test('joins continued lines across comments and blank lines', () => {
    expect(read('# head\nfrom a as b\nRUN one \\\n  # why\n\n  && two\nUSER x')).toEqual([
      ['FROM', 'a as b', 1, 1],
      ['RUN', 'one   && two', 2, 5],
      ['USER', 'x', 6, 6],
    ]);
  });

  test('skips here-documents, including two on one line', () => {
    const text = 'RUN <<A <<-"B"\nFROM no\nA\nFROM no\n\tB\nCOPY <<E /x\nFROM no\nE\nFROM yes\n';
    expect(read(text).map(([name, , first, last]) => [name, first, last])).toEqual([
      ['RUN', 0, 4],
      ['COPY', 5, 7],
      ['FROM', 8, 8],
    ]);
  });

  test('does not take a shell operator for a here-document', () => {
    expect(read('RUN echo $((1<<TWO))\nFROM yes').at(-1)).toEqual(['FROM', 'yes', 1, 1]);
  });

  test('accepts parser directives only at the top, and honours the escape directive', () => {
    const text = '# syntax=docker/dockerfile:1\n# escape=`\nRUN a `\n  b\n# escape=\\\nRUN c:\\\nRUN d';
    const { directives } = parseContainerfile(text);
    expect(directives).toBe(2);
    expect(read(text).map(([, rest]) => rest)).toEqual(['a   b', 'c:\\', 'd']);
  });

  test('finds no instructions in an empty file, and accepts CRLF line endings', () => {
    expect(read('')).toEqual([]);
    expect(read('FROM a\r\nRUN b\r\n')).toEqual([
      ['FROM', 'a', 0, 0],
      ['RUN', 'b', 1, 1],
    ]);
  });
});
