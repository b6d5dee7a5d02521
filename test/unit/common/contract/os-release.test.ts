import { expect, test } from 'vitest';
import { parseOsRelease } from '../../../../src/common/contract/os-release.ts';

test.each([
  ['ID=debian', 'debian'],
  ['ID="debian"', 'debian'],
  ["ID='debian'", 'debian'],
  ['  ID=debian  ', 'debian'],
  ['ID=', ''],
  ['ID=""', ''],
  ['ID="a \\"b\\" \\$c \\`d\\` \\\\e"', 'a "b" $c `d` \\e'],
  ["ID='a \\\"b'", 'a \\"b'],
  ['ID="a=b"', 'a=b'],
  ['ID="half', '"half'],
  ['ID="', '"'],
  ['ID=one\nID=two', 'two'],
])('reads %j', (text, value) => {
  expect(parseOsRelease(text).get('ID')).toBe(value);
});

test('skips lines that are not assignments', () => {
  const text = '# comment\n\n#ID=no\nexport X=1\n1A=b\nVERSION_ID="12"\njust words\n';
  expect([...parseOsRelease(text)]).toEqual([['VERSION_ID', '12']]);
});
