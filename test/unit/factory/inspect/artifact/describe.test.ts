import { describe, expect, test } from 'vitest';
import { renderPage } from '../../../../../src/factory/cli/page.ts';
import { isSignedProgram } from '../../../../../src/factory/inspect/artifact/boot-programs.ts';
import { describeDocument } from '../../../../../src/factory/inspect/artifact/describe-document.ts';
import { describeInitramfs } from '../../../../../src/factory/inspect/artifact/describe-initramfs.ts';
import { cpioArchive } from '../../../../support/cpio.ts';

describe('documents are recognised by their content', () => {
  test.each([
    [
      { spdxVersion: 'SPDX-2.3', packages: [{}, {}] },
      { kind: 'sbom', format: 'SPDX-2.3', packages: 2 },
    ],
    [
      { bomFormat: 'CycloneDX', specVersion: '1.6', components: [{}] },
      { kind: 'sbom', packages: 1 },
    ],
    [
      {
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://slsa.dev/provenance/v1',
        subject: [{}],
        predicate: { runDetails: { builder: { id: 'urn:x' } } },
      },
      { kind: 'provenance', builder: 'urn:x', subjects: 1 },
    ],
    [
      {
        _type: 'https://in-toto.io/Statement/v1',
        predicateType: 'https://in-toto.io/attestation/test-result/v0.1',
        subject: [],
        predicate: { result: 'PASSED', passedTests: ['a'] },
      },
      { kind: 'test-result', result: 'PASSED', passed: ['a'], failed: [] },
    ],
    [
      {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { publicKey: { hint: '' } },
      },
      { kind: 'signature', by: 'key' },
    ],
    [
      {
        mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
        verificationMaterial: { certificate: {} },
      },
      { kind: 'signature', by: 'certificate' },
    ],
  ])('%#', (value, facts) => expect(describeDocument(value)).toMatchObject(facts));
  test.each([null, [], 'text', {}, { packages: [] }, { _type: 'other' }])('%j is none', (value) =>
    expect(describeDocument(value)).toBeUndefined(),
  );
});

test.each([
  ['kairos-factory', 'usr/lib/kairos/slot.sh'],
  ['dracut with immucore', 'usr/bin/immucore'],
  ['dracut', 'usr/lib/dracut-lib.sh'],
  ['initramfs-tools', 'scripts/functions'],
  ['unknown', 'init'],
])('an initramfs of %s', async (kind, file) => {
  const facts = await describeInitramfs(cpioArchive({ init: 'x', [file]: 'x' }));
  expect(facts).toMatchObject({ kind, compression: 'none' });
});

test('a file that is not a program for UEFI has no signature to look for', () => {
  expect(isSignedProgram(Buffer.from('MZ'))).toBeUndefined();
  expect(isSignedProgram(Buffer.alloc(4096, 0xff))).toBeUndefined();
});

test('a page has 80 columns, and nothing in it controls the terminal', () => {
  const page = renderPage([
    { text: 'words '.repeat(40) },
    ['name', 'x'.repeat(200)],
    ['empty', undefined],
    { title: 'Empty' },
    { title: 'Last' },
    { text: 'a \u001b[31mcolour' },
  ]);
  for (const line of page.split('\n')) expect(line.length).toBeLessThanOrEqual(80);
  expect(page).not.toContain('Empty');
  expect(page).not.toContain('\u001b');
  expect(page).toContain('\\x1b[31mcolour');
});
