import { chmodSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { Sign } from '../../../../src/factory/config/signing.ts';
import { withoutSecrets } from '../../../../src/factory/pipeline/session.ts';
import { openSigner, secretVariables } from '../../../../src/factory/signing/signer.ts';
import { createRunner } from '../../../../src/factory/tools/runner.ts';
import { signer as someone } from '../../common/trust/support/signer.ts';
import { failureOf } from '../../support/failure.ts';
import { plant, temporaryDirectory } from '../../support/temporary.ts';

/** Prints a public key and records the password that it got. Integration tests run the real cosign. */
function fakeCosign(pem: string) {
  const home = temporaryDirectory();
  const script = `#!/bin/sh
case $1 in
  version) echo "GitVersion:    v3.1.3" ;;
  *) printf '%s' "\${COSIGN_PASSWORD-none}" > ${home}/password; cat ${home}/public.pem ;;
esac
`;
  plant(home, { cosign: script, 'public.pem': pem, 'release.key': 'KEY', 'the-password': 'from file\n' });
  chmodSync(join(home, 'cosign'), 0o755);
  chmodSync(join(home, 'release.key'), 0o600);
  const env = { PATH: [home, process.env['PATH']].join(delimiter) };
  const runner = createRunner({ signal: new AbortController().signal, log: () => undefined, env });
  const warnings: string[] = [];
  const open = (sign: object, own: Record<string, string> = {}) =>
    openSigner(
      { runner, env: own, scratch: home, warn: (text) => warnings.push(text) },
      Sign.parse({ key: join(home, 'release.key'), ...sign }),
    );
  return { home, open, warnings };
}

const release = someone('release.pub');

describe('openSigner', () => {
  test('reads the password from the configured place, without its newline', async () => {
    const { home, open } = fakeCosign(release.pem);
    const password = async (sign: object, env?: Record<string, string>) =>
      (await open(sign, env)).cosign.secrets['COSIGN_PASSWORD'];
    expect(await password({})).toBe('');
    expect(await password({}, { COSIGN_PASSWORD: 'from env' })).toBe('from env');
    expect(await password({ 'password-env': 'MINE' }, { MINE: 'my own', COSIGN_PASSWORD: 'no' })).toBe(
      'my own',
    );
    expect(await password({ 'password-file': join(home, 'the-password') })).toBe('from file');
  });

  test('reports the key that will sign', async () => {
    const { open, home } = fakeCosign(release.pem);
    const signer = await open({ format: 'both' });
    expect(signer.publicKey?.fingerprint).toBe(release.trust.fingerprint);
    expect(signer).toMatchObject({ name: join(home, 'release.key'), forms: ['bundle', 'classic'] });
    expect(signer.cosign).toMatchObject({ offline: true, signingConfig: join(home, 'signing.json') });
  });

  test('warns about a key that other users can read', async () => {
    const { home, open, warnings } = fakeCosign(release.pem);
    await open({});
    expect(warnings).toEqual([]);
    chmodSync(join(home, 'release.key'), 0o644);
    await open({});
    expect(warnings).toEqual([expect.stringContaining('is readable by other users')]);
  });

  test('uses the token of the CI for keyless, and does not look for a key', async () => {
    const { open } = fakeCosign(release.pem);
    const { cosign, publicKey } = await open(
      { key: 'keyless' },
      { SIGSTORE_ID_TOKEN: 'abc', COSIGN_PASSWORD: 'no' },
    );
    expect(publicKey).toBeUndefined();
    expect(cosign).toMatchObject({ key: undefined, offline: false, secrets: { SIGSTORE_ID_TOKEN: 'abc' } });
    expect(cosign.secrets).not.toHaveProperty('COSIGN_PASSWORD');
  });

  test('passes the variable of a key to cosign', async () => {
    const { open } = fakeCosign(release.pem);
    const { cosign } = await open({ key: 'env://MY_KEY' }, { MY_KEY: 'PEM', OTHER: 'no' });
    expect(cosign.secrets).toEqual({ MY_KEY: 'PEM', COSIGN_PASSWORD: '' });
  });

  test.each([
    ['a missing key', { key: '/nowhere.key' }, 'the signing key /nowhere.key does not exist'],
    ['an unset variable for the key', { key: 'env://NOWHERE' }, 'NOWHERE for the signing key is not set'],
    ['an unset variable for the password', { 'password-env': 'NOWHERE' }, 'NOWHERE for the password'],
    ['a missing password file', { 'password-file': '/nowhere' }, 'cannot read the password'],
    [
      'the classic form with services',
      { format: 'classic', 'signing-config': '/sc' },
      'cannot be combined with',
    ],
  ])('refuses %s', async (_, sign, message) => {
    const { open } = fakeCosign(release.pem);
    const error = await failureOf(() => open(sign), 'usage');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  test('refuses a key whose signatures nodes cannot verify', async () => {
    const { open } = fakeCosign(someone('x', 'ed25519').pem);
    expect((await failureOf(() => open({}), 'usage')).message).toContain('is an Ed25519 key');
  });
});

test('lists the variables that programs must not inherit', () => {
  const names = secretVariables(Sign.parse({ key: 'env://MY_KEY', 'password-env': 'MINE' }));
  expect(names.sort()).toEqual(['MINE', 'MY_KEY']);
  const env = { PATH: '/bin', MY_KEY: 'a', MINE: 'b', COSIGN_PASSWORD: 'c', SIGSTORE_ID_TOKEN: 'd' };
  expect(withoutSecrets(env, names)).toEqual({ PATH: '/bin' });
});
