import { describe, expect, test } from 'vitest';
import { goPattern } from '../../../../src/common/cloud-config/go-pattern.ts';

const compile = (source: string) =>
  goPattern(source, (problem) => {
    throw new Error(problem);
  });

describe('a Go expression matches the same text as in Go', () => {
  test.each([
    ['Ubuntu.*|Debian.*', ['Ubuntu 24.04', 'Debian'], ['Fedora']],
    ['(?i)ubuntu', ['UBUNTU', 'Ubuntu'], ['debian']],
    ['x(?i)y|z', ['xY', 'Z', 'xy'], ['XY']],
    ['(a(?i)b)c', ['aBc', 'abc'], ['aBC', 'ABc']],
    ['(?i:a)b', ['Ab'], ['AB']],
    ['(?i)a(?-i)b', ['Ab'], ['AB']],
    ['(?i)^[a-c]\\x41é$', ['BaÉ', 'cAé'], ['dAé']],
    ['(?i)[[:lower:]]', ['A'], ['1']],
    ['^.$', ['a', '\u{1f600}', '\r'], ['\n', 'ab']],
    ['(?s)^.$', ['\n'], []],
    ['(?m)^b$', ['a\nb\nc', 'b'], ['ab']],
    ['b$', ['ab'], ['b\n']],
    ['\\Aab\\z', ['ab'], ['xab', 'ab\n']],
    ['^\\Qa.b[\\E+$', ['a.b[[['], ['axb[']],
    ['^[[:alpha:][:digit:]_-]+$', ['aZ09_-'], ['é']],
    ['^[]a]+$', [']a'], ['b']],
    ['^[^]a]$', ['b'], [']', 'a']],
    ['^[a\\-z]$', ['a', '-', 'z'], ['m']],
    ['^[\\d\\s-]+$', ['1 -'], ['\v', 'x']],
    ['^[^\\W_]+$', ['aZ0'], ['_', '-']],
    ['^[\\D]$', ['a', '/', ':', '\u{1f600}'], ['0', '9']],
    ['^[\\S]$', ['a', '\v', '~'], [' ', '\t', '\n']],
    ['^\\w$', ['a'], ['é']],
    ['^\\pL\\p{Greek}\\PL$', ['éα1'], ['1α1', 'éαa']],
    ['^a{2}b{1,}c{,3}$', ['aabbc{,3}'], ['aabccc']],
    ['a{', ['a{'], []],
    ['^}]$', ['}]'], []],
    ['node-[0-9]+\\.lan\\/x\\_y', ['node-12.lan/x_y'], ['node-.lan/x_y']],
    ['\\bfoo\\b', ['a foo b'], ['afoo']],
    ['(?P<n>a)(?<m>b)', ['ab'], []],
    ['^\\x{1F600}\\141\\t$', ['\u{1f600}a\t'], []],
  ])('%s', (source, matching, others) => {
    const pattern = compile(source);
    expect(matching.filter((text) => !pattern.test(text))).toEqual([]);
    expect(others.filter((text) => pattern.test(text))).toEqual([]);
  });
});

test.each([
  '(',
  ')',
  'a)',
  '[a',
  '[z-a]',
  '*',
  'a**',
  '(?=a)',
  '(?!a)',
  '(?<=a)',
  '\\1',
  '\\',
  '\\y',
  '[[:nope:]]',
  '\\p{Nope}',
  'a{2,1}',
])('%s is refused', (source) => {
  expect(() => compile(source)).toThrow(source);
});

test.each([
  ['^(a+)+$', 'a'],
  ['^(a|a)*$', 'a'],
  ['(.*)*x', 'a'],
  ['^(([a-z])+.)+[A-Z]([a-z])+$', 'a'],
])('%s takes linear time', (source, part) => {
  const begin = performance.now();
  expect(compile(source).test(`${part.repeat(50_000)}!`)).toBe(false);
  expect(performance.now() - begin).toBeLessThan(5000);
});

test('an empty match that touches the one before it does not count', () => {
  expect(Array.from(compile('a*').matches('baac'), ({ index, text }) => [index, text])).toEqual([
    [0, ''],
    [1, 'aa'],
    [4, ''],
  ]);
});
