import { expect, test } from 'vitest';
import { parseProofSource } from '../../../../../src/factory/deliver/publish/proof-source.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

function files(): string {
  return plant(temporaryDirectory(), {
    'os.iso': '',
    'build/SHA256SUMS': '',
    'os.oci/oci-layout': '{}',
    'root.tar.gz': '',
  });
}

test.each([
  ['os.iso', { kind: 'files', path: expect.stringMatching(/\/os\.iso$/) }],
  ['build', { kind: 'files', path: expect.stringMatching(/\/build$/) }],
  ['os.oci', { kind: 'image', reference: { kind: 'oci', path: expect.stringMatching(/\/os\.oci$/) } }],
  ['oci:os.oci', { kind: 'image', reference: { kind: 'oci', path: expect.stringMatching(/\/os\.oci$/) } }],
  ['root.tar.gz', { kind: 'image', reference: { kind: 'tar' } }],
  ['docker-archive:saved.tar', { kind: 'image', reference: { kind: 'docker-archive' } }],
  ['registry.test/os:v1', { kind: 'image', reference: { kind: 'docker', image: { tag: 'v1' } } }],
  ['debian:12', { kind: 'image', reference: { kind: 'docker', image: { registry: 'docker.io' } } }],
])('%s is proven as %j', (text, expected) => {
  expect(parseProofSource(text, files())).toMatchObject(expected);
});

test.each(['nothing', 'nothing.iso', './nothing', 'bootstrap:bookworm', 'registry.test/os'])(
  '%s is refused, with what can be proven',
  async (text) => {
    const { remedy } = await failureOf(async () => parseProofSource(text, files()), 'usage');
    expect(remedy).toBeTruthy();
  },
);
