import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { compareDebVersions } from '../../src/factory/deliver/release/deb-version.ts';
import { compareRpmVersions } from '../../src/factory/deliver/release/rpm-version.ts';
import { tool } from '../support/tool.ts';

describe('versions are ordered', () => {
  const texts = (alphabet: string) => fc.string({ unit: fc.constantFrom(...alphabet), maxLength: 7 });
  const sample = (part: fc.Arbitrary<string>, count: number) => {
    const version = fc
      .tuple(fc.constantFrom('', '', '', '0:', '1:'), part, fc.option(part, { nil: undefined }))
      .map(([epoch, one, two]) => `${epoch}1${one}${two === undefined ? '' : `-1${two}`}`);
    return fc.sample(fc.tuple(version, version), count);
  };

  test('as dpkg orders them', async () => {
    const pairs = sample(texts('0019abz~+.'), 400);
    const script =
      'for pair; do a=${pair% *} b=${pair#* }; if dpkg --compare-versions "$a" lt "$b"; then echo -1; elif dpkg --compare-versions "$a" gt "$b"; then echo 1; else echo 0; fi; done';
    const answers = (await tool('sh', '-c', script, 'sh', ...pairs.map((pair) => pair.join(' ')))).trim();
    const expected = answers.split('\n').map((answer, index) => [pairs[index], Number(answer)]);
    expect(pairs.map(([a, b]) => [[a, b], Math.sign(compareDebVersions(a, b))])).toEqual(expected);
  });

  test('as rpm orders them', async () => {
    const pairs = sample(texts('0019abz~^._+'), 400);
    const questions = pairs.map(([a, b]) => `--eval=%{lua:print(rpm.vercmp("${a}","${b}"))}`);
    const answers = (await tool('rpm', ...questions)).trim().split('\n');
    const expected = answers.map((answer, index) => [pairs[index], Number(answer)]);
    expect(pairs.map(([a, b]) => [[a, b], Math.sign(compareRpmVersions(a, b))])).toEqual(expected);
  });
});
