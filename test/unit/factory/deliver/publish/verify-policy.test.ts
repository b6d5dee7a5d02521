import { chmodSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { rulesFor } from '../../../../../src/common/trust/policy.ts';
import { loadVerifyPolicy } from '../../../../../src/factory/deliver/publish/verify-policy.ts';
import type { Runner } from '../../../../../src/factory/tools/runner.ts';
import { signer } from '../../../common/trust/support/signer.ts';
import { failureOf } from '../../../support/failure.ts';
import { plant, temporaryDirectory } from '../../../support/temporary.ts';

const NO_PROGRAMS: Runner = {
  run: () => expect.unreachable('no program is needed'),
  locate: () => expect.unreachable('no program is needed'),
};
const release = signer('release.pub');
const backup = signer('backup.pub');

function policyFile(text: string) {
  const files = { 'policy.yaml': text, 'release.pub': release.pem, 'keys/backup.pub': backup.pem };
  return join(plant(temporaryDirectory(), files), 'policy.yaml');
}
const load = (text: string) => loadVerifyPolicy(policyFile(text), NO_PROGRAMS);

describe('loadVerifyPolicy', () => {
  test('reads keys relative to the file, the threshold and the attestations', async () => {
    const policy = await load(
      'keys: [release.pub, keys/backup.pub]\nthreshold: 2\nattestations: [spdxjson, https://t.example/v1]\n',
    );
    expect(policy.signers?.keys.map(({ name }) => name)).toEqual(['release.pub', 'backup.pub']);
    expect(rulesFor(policy.images, 'registry.test/any/thing')).toMatchObject([{ threshold: 2 }]);
    expect(policy.attestations).toEqual(['https://spdx.dev/Document', 'https://t.example/v1']);
  });

  test('uses the trust directory of a node for images only', async () => {
    const policy = 'repositories: [{ match: registry.test/os/, keys: [release.pub] }]\n';
    const home = plant(temporaryDirectory(), { 'policy.yaml': policy, 'release.pub': release.pem });
    for (const name of ['', 'policy.yaml', 'release.pub']) chmodSync(join(home, name), name ? 0o644 : 0o755);
    const { images, signers } = await loadVerifyPolicy(home, NO_PROGRAMS);
    expect(signers).toBeUndefined();
    expect(rulesFor(images, 'registry.test/os/debian')).toHaveLength(1);
    expect(rulesFor(images, 'registry.test/other')).toEqual([]);
    const empty = await failureOf(() => loadVerifyPolicy(temporaryDirectory(), NO_PROGRAMS), 'usage');
    expect(empty.message).toContain('is empty');
  });

  test.each([
    ['keys: []', 'lists neither keys nor identities'],
    ['keys: [missing.pub]', 'missing.pub'],
    ['keys: [release.pub]\nthreshold: 2', 'requires 2 signers, but lists 1'],
    ['keys: [release.pub]\nattestation: [spdxjson]', 'unknown key "attestation"'],
    ['keys: [release.pub]\nattestations: [sbom]', '"sbom" is not a predicate type'],
    ['identities: [{ identity: a, issuer: b }]', 'without a trusted-root'],
    ['identities: [{ identity: a, issuer: b }]\ntrusted-root: release.pub', 'is not a trusted root'],
  ])('refuses %j', async (text, message) => {
    expect((await failureOf(() => load(text), 'usage')).message).toContain(message);
  });

  test('accepts the policy in docs/signing.md up to its missing trusted root', async () => {
    const page = readFileSync(new URL('../../../../../docs/signing.md', import.meta.url), 'utf8');
    const text = /```yaml\n(# release\.policy\.yaml\n.*?)```/s.exec(page)?.[1] ?? '';
    const files = { 'policy.yaml': text, 'release.pub': release.pem, 'backup.pub': backup.pem };
    const file = join(plant(temporaryDirectory(), files), 'policy.yaml');
    const error = await failureOf(() => loadVerifyPolicy(file, NO_PROGRAMS), 'usage');
    expect(error.message).toMatch(/trusted_root\.json: no such file or directory/);
  });
});
