import { createHash } from 'node:crypto';
import { readdirSync } from 'node:fs';
import { expect, test } from 'vitest';
import { removeStaleBundles } from '../../../../src/factory/signing/stale-bundles.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const sha256 = (text: string, encoding: 'hex' | 'base64') =>
  createHash('sha256').update(text).digest(encoding);

/** A bundle for that content. The signer does not matter here. */
const bundleFor = (text: string) =>
  JSON.stringify({
    mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
    verificationMaterial: { publicKey: { hint: 'key' } },
    messageSignature: {
      messageDigest: { algorithm: 'SHA2_256', digest: sha256(text, 'base64') },
      signature: 'AAAA',
    },
  });

test('keeps the bundles of unchanged files, and removes all others', async () => {
  const home = temporaryDirectory();
  const sums = `${sha256('new', 'hex')}  os.iso\n${sha256('index', 'hex')}  os.oci/index.json\n${sha256('raw', 'hex')}  os.raw\n`;
  plant(home, {
    SHA256SUMS: sums,
    'SHA256SUMS.sigstore.json': bundleFor('earlier sums'),
    'manifest.json': '{}',
    'manifest.json.sigstore.json': bundleFor('{}'),
    'os.iso.sigstore.json': bundleFor('old'),
    'os.oci.sigstore.json': bundleFor('index'),
    'os.raw.sigstore.json': 'damaged',
    'of-no-file-here.sigstore.json': bundleFor('old'),
  });
  const removed = await removeStaleBundles(home);
  expect(removed.sort()).toEqual([
    'SHA256SUMS.sigstore.json',
    'os.iso.sigstore.json',
    'os.raw.sigstore.json',
  ]);
  expect(
    readdirSync(home)
      .filter((name) => name.endsWith('.sigstore.json'))
      .sort(),
  ).toEqual(['manifest.json.sigstore.json', 'of-no-file-here.sigstore.json', 'os.oci.sigstore.json']);
});
