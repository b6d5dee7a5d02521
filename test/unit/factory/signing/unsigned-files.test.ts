import { expect, test } from 'vitest';
import { unsignedFiles } from '../../../../src/factory/signing/unsigned-files.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const SUM = 'a'.repeat(64);

test('what the list leaves out of a build output is named, with other outputs below it', async () => {
  const directory = plant(temporaryDirectory(), {
    SHA256SUMS: `${SUM}  os.iso\n${SUM}  os.oci/index.json\n`,
    'manifest.json': '{}',
    'os.iso': 'x',
    'os.iso.sigstore.json': '{}',
    'os.oci/index.json': '{}',
    'os.oci/blobs/x': 'x',
    'tools.raw': 'x',
    'tools.raw.sigstore.json': '{}',
    'earlier.squashfs': 'x',
    'again/SHA256SUMS': '',
    '.kairos-factory.lock': '',
  });
  expect(await unsignedFiles(directory)).toEqual(['again/', 'earlier.squashfs']);
});

test('the evidence of a proof is signed with the build that lists its statement', async () => {
  const evidence = { 'proof/junit.xml': 'x', 'proof/junit.xml.sigstore.json': '{}' };
  const of = (listed: string) =>
    plant(temporaryDirectory(), { ...evidence, SHA256SUMS: `${SUM}  ${listed}\n`, [listed]: 'x' });
  expect(await unsignedFiles(of('os.test-result.json'))).toEqual([]);
  expect(await unsignedFiles(of('os.iso'))).toEqual(['proof/']);
});
