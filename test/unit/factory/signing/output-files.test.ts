import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { bundleName, layoutOf, readSums } from '../../../../src/factory/signing/output-files.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const SUM = 'a'.repeat(64);

test('the bundle of an image layout is next to the layout', () => {
  expect(bundleName('os.iso')).toBe('os.iso.sigstore.json');
  expect(bundleName('os.oci/index.json')).toBe('os.oci.sigstore.json');
  expect([layoutOf('os.oci/index.json'), layoutOf('index.json'), layoutOf('os.iso')]).toEqual([
    'os.oci',
    undefined,
    undefined,
  ]);
});

describe('readSums', () => {
  const read = (text: string) => readSums(plant(temporaryDirectory(), { SHA256SUMS: text }));

  test('reads what sha256sum writes', async () => {
    expect(await read(`${SUM}  os.iso\n${SUM} *os.oci/index.json\n`)).toEqual([
      { name: 'os.iso', sha256: SUM },
      { name: 'os.oci/index.json', sha256: SUM },
    ]);
    expect(await readSums(temporaryDirectory())).toBeUndefined();
  });

  test.each([
    `${SUM}  ../os.iso`,
    `${SUM}  /etc/passwd`,
    `${SUM}  a/../../b`,
    `${SUM}  a//b`,
    `${SUM}  ./a`,
    `${SUM}  a\u0007b`,
    `${SUM}`,
    `${SUM.slice(1)}  a`,
    `${SUM}  a\n${SUM}  a`,
  ])('refuses %j', async (text) => {
    const error = await failureOf(() => read(text), 'verification');
    expect(error.message).toMatch(/has an invalid line|lists a twice/);
  });

  test('refuses a link', async () => {
    const home = plant(temporaryDirectory(), { other: '', SHA256SUMS: { link: 'other' } });
    const error = await failureOf(() => readSums(home), 'verification');
    expect(error.message).toBe(`${join(home, 'SHA256SUMS')} is not a regular file`);
  });
});
