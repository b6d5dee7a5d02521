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

/** Prints a public key and keeps the password that it got; the real one has the integration tests. */
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
  test('has the password from where the person says, without the end of its line', async () => {
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

  test('knows the key that will sign', async () => {
    const { open, home } = fakeCosign(release.pem);
    const signer = await open({ format: 'both' });
    expect(signer.publicKey?.fingerprint).toBe(release.trust.fingerprint);
    expect(signer).toMatchObject({ name: join(home, 'release.key'), forms: ['bundle', 'classic'] });
    expect(signer.cosign).toMatchObject({ offline: true, signingConfig: join(home, 'signing.json') });
  });

  test('warns of a key that others can read', async () => {
    const { home, open, warnings } = fakeCosign(release.pem);
    await open({});
    expect(warnings).toEqual([]);
    chmodSync(join(home, 'release.key'), 0o644);
    await open({});
    expect(warnings).toEqual([expect.stringContaining('can be read by others')]);
  });

  test('takes the token of the CI for keyless, and looks for no key', async () => {
    const { open } = fakeCosign(release.pem);
    const { cosign, publicKey } = await open(
      { key: 'keyless' },
      { SIGSTORE_ID_TOKEN: 'abc', COSIGN_PASSWORD: 'no' },
    );
    expect(publicKey).toBeUndefined();
    expect(cosign).toMatchObject({ key: undefined, offline: false, secrets: { SIGSTORE_ID_TOKEN: 'abc' } });
    expect(cosign.secrets).not.toHaveProperty('COSIGN_PASSWORD');
  });

  test('hands the variable of a key to cosign', async () => {
    const { open } = fakeCosign(release.pem);
    const { cosign } = await open({ key: 'env://MY_KEY' }, { MY_KEY: 'PEM', OTHER: 'no' });
    expect(cosign.secrets).toEqual({ MY_KEY: 'PEM', COSIGN_PASSWORD: '' });
  });

  test.each([
    ['a key that is not there', { key: '/nowhere.key' }, 'there is no signing key'],
    ['a variable that is not set', { key: 'env://NOWHERE' }, 'NOWHERE, which is to hold the signing key'],
    ['a password that is not set', { 'password-env': 'NOWHERE' }, 'NOWHERE, which is to hold the password'],
    ['a password file that is not there', { 'password-file': '/nowhere' }, 'cannot read the password'],
    ['the classic form with services', { format: 'classic', 'signing-config': '/sc' }, 'does not go with'],
  ])('refuses %s', async (_, sign, message) => {
    const { open } = fakeCosign(release.pem);
    const error = await failureOf(() => open(sign), 'usage');
    expect(error.message).toContain(message);
    expect(error.remedy).toBeTruthy();
  });

  test('refuses a key whose signatures no node can check', async () => {
    const { open } = fakeCosign(someone('x', 'ed25519').pem);
    expect((await failureOf(() => open({}), 'usage')).message).toContain('is an Ed25519 key');
  });
});

test('programs inherit nothing of what signs', () => {
  const names = secretVariables(Sign.parse({ key: 'env://MY_KEY', 'password-env': 'MINE' }));
  expect(names.sort()).toEqual(['MINE', 'MY_KEY']);
  const env = { PATH: '/bin', MY_KEY: 'a', MINE: 'b', COSIGN_PASSWORD: 'c', SIGSTORE_ID_TOKEN: 'd' };
  expect(withoutSecrets(env, names)).toEqual({ PATH: '/bin' });
});
