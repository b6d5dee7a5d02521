import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { messageOf } from '../../../../src/common/errors/factory-error.ts';
import { bundleDigest, verifyFile } from '../../../../src/common/trust/verify-file.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';
import { blobBundle } from './support/blob-bundle.ts';
import { bundle, type Signer, signer, statement } from './support/signer.ts';

const release = signer('release.pub');
const other = signer('other.pub', 'rsa');
const plain = signer('plain.pub', 'ed25519');
const CONTENT = 'the content of a file';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');

function check(text: string, by: readonly Signer[] = [release], content = CONTENT) {
  const file = join(plant(temporaryDirectory(), { file: content }), 'file');
  return verifyFile(file, { bundle: Buffer.from(text), keys: by.map(({ trust }) => trust) });
}

const refusal = (text: string, by?: readonly Signer[], content?: string) =>
  check(text, by, content).then(
    () => expect.unreachable('it was accepted'),
    (error: unknown) => messageOf(error),
  );

describe('verifyFile', () => {
  test.each([
    ['ECDSA', release],
    ['RSA', other],
    ['Ed25519', plain],
  ])('accepts a signature by %s, and returns the signer', async (_, by) => {
    const found = await check(blobBundle(by, CONTENT), [signer('first.pub'), by]);
    expect(found).toMatchObject({ sha256: sha256(CONTENT), signer: { name: by.trust.name } });
  });

  test('accepts a signed statement that names the sha256', async () => {
    const text = bundle(statement(`sha256:${sha256(CONTENT)}`), release);
    expect((await check(text)).signer.name).toBe('release.pub');
    expect(await refusal(text, [other])).toContain('by an unknown key');
    expect(await refusal(text, undefined, 'changed')).toMatch(/^was changed: its signature is for sha256:/);
    const attestation = bundle(
      statement(`sha256:${sha256(CONTENT)}`, 'https://slsa.dev/provenance/v1'),
      release,
    );
    expect(await refusal(attestation)).toContain('is a statement of another type');
  });

  test('does not mistake the predicate type of a statement for an objection', async () => {
    const text = bundle(statement(`sha256:${sha256(CONTENT)}`, 'is for another image, x'), release);
    expect(await refusal(text)).toBe('is a statement of another type, is for another image, x');
  });

  test('refuses a file that was modified after signing', async () => {
    expect(await refusal(blobBundle(release, CONTENT), [other])).toContain('by an unknown key');
    expect(await refusal(blobBundle(release, CONTENT), undefined, 'changed')).toContain('was changed');
    // The digest alone proves nothing.
    expect(await refusal(blobBundle(release, CONTENT, { signature: 'AAAA' }))).toContain('by an unknown key');
    const swapped = { messageDigest: { algorithm: 'SHA2_256', digest: Buffer.alloc(32).toString('base64') } };
    expect(await refusal(blobBundle(release, CONTENT, swapped))).toContain('was changed');
    const weaker = { messageDigest: { algorithm: 'SHA2_512', digest: Buffer.alloc(64).toString('base64') } };
    expect(await refusal(blobBundle(release, CONTENT, weaker))).toContain('with a digest other than sha256');
  });

  test.each(['', '{}', '[]', 'null', '{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json"}'])(
    'refuses %j as a bundle',
    async (text) => expect(await refusal(text)).toContain('has a bundle that cannot be read'),
  );
});

test('bundleDigest returns the stated digest, without verifying it', () => {
  expect(bundleDigest(Buffer.from(blobBundle(release, CONTENT)))).toBe(sha256(CONTENT));
  const statementOf = bundle(statement(`sha256:${sha256(CONTENT)}`), release);
  expect(bundleDigest(Buffer.from(statementOf))).toBe(sha256(CONTENT));
});
