import { describe, expect, test } from 'vitest';
import { parseIgnoreFile } from '../../../../../src/factory/image/context/ignore-file.ts';

/** The paths that an ignore file matches. */
function ignored(text: string, ...paths: readonly string[]): string[] {
  return paths.filter(parseIgnoreFile(text));
}

describe('parseIgnoreFile', () => {
  test.each([
    ['a name, and everything below it', 'a', ['a', 'a/b/c'], ['ab', 'b/a']],
    ['leading and trailing slashes, dots', '/a/../b/./', ['b', 'b/c'], ['a']],
    ['* within a name', '*.md', ['x.md', '.md'], ['d/x.md', 'x.mdx']],
    ['* in the middle', 'a/*/c', ['a/b/c', 'a/b/c/d'], ['a/c', 'a/b/x/c']],
    ['** for any number of directories', '**/x', ['x', 'a/x', 'a/b/x'], ['ax', 'a/bx']],
    ['** at the end', 'a/**', ['a/b', 'a/b/c'], ['b']],
    ['?', 'a?c', ['abc'], ['ac', 'a/c']],
    ['character classes', '[a-c]x', ['ax', 'cx'], ['dx']],
    ['negated character classes', '[^a]x', ['bx'], ['ax', '/x']],
    ['metacharacters of regular expressions', 'a.b+(c)', ['a.b+(c)'], ['aXb+(c)', 'a.bb(c)']],
    ['an escaped star', 'a\\*', ['a*'], ['ab']],
    ['the directory itself', '.', [], ['a', 'a/b']],
  ])('%s', (_, pattern, out, within) => {
    expect(ignored(pattern, ...out, ...within)).toEqual(out);
  });

  test('the last line that matches decides', () => {
    const text = '# all but one\n*\n\n!data/keep\n!  more \ndata/keep/secret\r\n';
    expect(
      ignored(text, 'x', 'data', 'data/x', 'data/keep', 'data/keep/y', 'data/keep/secret', 'more/z', '#'),
    ).toEqual(['x', 'data', 'data/x', 'data/keep/secret', '#']);
  });

  test('an empty file ignores nothing', () => {
    expect(ignored('\uFEFF\n# nothing\n', 'a', '#', 'a/b')).toEqual([]);
  });
});
