import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { loadPolicy, rulesFor, type TrustFiles } from '../../../../src/common/trust/policy.ts';
import { renderPolicy } from '../../../../src/factory/config/render-policy.ts';
import { signer } from '../../common/trust/support/signer.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

const [release, backup, twin] = [signer('release.pub'), signer('backup.pub', 'rsa'), signer('twin')];

function keys() {
  const home = plant(temporaryDirectory(), {
    'release.pub': release.pem,
    'backup.pub': backup.pem,
    'other/release.pub': twin.pem,
    'same/again.pub': release.pem,
    'private.key': '-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n',
    'key.yaml': release.pem,
  });
  return (name: string) => join(home, name);
}

/** The node's view of rendered files: all of root, writable by nobody else. */
function nodeFiles(files: readonly { readonly name: string; readonly text: string }[]): TrustFiles {
  const textOf = (path: string) => files.find(({ name }) => path.endsWith(`/${name}`))?.text;
  return {
    list: async () => files.map(({ name }) => name),
    readText: async (path) => textOf(path),
    stat: async (path) => {
      const text = textOf(path);
      return {
        kind: text === undefined ? 'directory' : 'file',
        mode: 0o644,
        uid: 0,
        size: text?.length ?? 0,
      };
    },
  };
}

describe('renderPolicy', () => {
  test('renders what the agent loads', async () => {
    const at = keys();
    const files = renderPolicy([
      { match: 'registry.test/os/*', keys: [at('release.pub'), at('backup.pub')], threshold: 2 },
      {
        match: 'registry.test/other/',
        keys: [at('other/release.pub')],
        threshold: 1,
        'require-proof': ['boot', 'upgrade'],
      },
      { match: 'registry.test/apps/', keys: [], unsigned: true },
    ]);
    const policy = await loadPolicy(nodeFiles(files));
    if (policy === undefined) throw new Error('no policy');
    expect(rulesFor(policy, 'registry.test/apps/x')).toMatchObject([{ unsigned: true, threshold: 0 }]);
    expect(rulesFor(policy, 'registry.test/other/x')).toMatchObject([{ requireProof: ['boot', 'upgrade'] }]);
    const [rule] = rulesFor(policy, 'registry.test/os/debian');
    expect(rule?.threshold).toBe(2);
    expect(rule?.keys.map(({ fingerprint }) => fingerprint)).toEqual([
      release.trust.fingerprint,
      backup.trust.fingerprint,
    ]);
    // Two keys whose files are called the same stay two keys.
    const [second] = rulesFor(policy, 'registry.test/other/x');
    expect(second?.keys.map(({ fingerprint }) => fingerprint)).toEqual([twin.trust.fingerprint]);
  });

  test.each([
    ['a private key', ['private.key'], 1, 'is a private key'],
    ['a key that is not there', ['nowhere.pub'], 1, 'no such file or directory'],
    ['a key whose name looks like a policy', ['key.yaml'], 1, 'is not valid for a key of a policy'],
    ['a threshold out of reach', ['release.pub', 'same/again.pub'], 2, 'has 1 different keys'],
  ])('refuses %s', async (_, names, threshold, message) => {
    const at = keys();
    const upgrade = [{ match: 'registry.test/os/', keys: names.map(at), threshold }];
    const error = await failureOf(() => renderPolicy(upgrade), 'usage');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });
});
