import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import { FactoryError } from '../../../../src/common/errors/factory-error.ts';
import {
  attestImageWith,
  COSIGN,
  type CosignSigner,
  cosignEnvironment,
  publicKeyOf,
  signBlob,
  signImageArguments,
  signStatement,
  writeOfflineConfig,
} from '../../../../src/factory/tools/cosign.ts';
import type { Runner, RunOptions } from '../../../../src/factory/tools/runner.ts';
import { failureOf } from '../../support/failure.ts';
import { temporaryDirectory } from '../../support/temporary.ts';

const IMAGE = 'registry.test/os@sha256:1234';
const OPEN = { insecure: false, ca: undefined };
const offline: CosignSigner = {
  key: '/release.key',
  signingConfig: '/work/signing.json',
  trustedRoot: '/work/root.json',
  offline: true,
  secrets: { COSIGN_PASSWORD: 'hush' },
};
const keyless: CosignSigner = {
  ...{ key: undefined, signingConfig: undefined, trustedRoot: undefined },
  ...{ offline: false, secrets: { SIGSTORE_ID_TOKEN: 'token' } },
};

/** Records the calls. Integration tests run the real program. */
function recorder(fail?: unknown) {
  const calls: { readonly args: readonly string[]; readonly env: RunOptions['env'] }[] = [];
  const runner: Runner = {
    run: async (tool, args, options) => {
      expect(tool).toBe(COSIGN);
      calls.push({ args, env: options?.env });
      if (fail) throw fail;
      return { stdout: 'PEM', stderr: '', exitCode: 0 };
    },
    locate: async () => '/usr/bin/cosign',
  };
  return { calls, runner };
}

describe('the arguments for signing an image', () => {
  const options = { image: IMAGE, classic: false, recursive: false, registry: OPEN };

  test('contain the key and no service', () => {
    expect(signImageArguments(offline, options)).toEqual([
      ...['sign', '--yes', '--key', '/release.key'],
      ...['--signing-config', '/work/signing.json', '--trusted-root', '/work/root.json', IMAGE],
    ]);
  });

  test('have no signing config in the classic form, and no log when the key alone signs', () => {
    const classic = { ...options, classic: true };
    const form = ['--new-bundle-format=false', '--use-signing-config=false'];
    expect(signImageArguments(offline, classic)).toEqual([
      ...['sign', '--yes', '--key', '/release.key', ...form, '--tlog-upload=false', IMAGE],
    ]);
    expect(signImageArguments(keyless, classic)).toEqual([
      ...['sign', '--yes', '--fulcio-auth-flow', 'token', ...form, IMAGE],
    ]);
  });

  test.each([
    'awskms:///alias/release',
    'gcpkms://projects/p/locations/global/keyRings/r/cryptoKeys/k',
    'azurekms://vault.vault.azure.net/key',
    'hashivault://release',
    'k8s://namespace/key',
    'env://RELEASE_KEY',
  ])('contain the key %s', (key) => {
    expect(signImageArguments({ ...offline, key }, options).slice(0, 4)).toEqual([
      'sign',
      '--yes',
      '--key',
      key,
    ]);
  });

  test('use no browser without a key, and the public services by default', () => {
    expect(signImageArguments(keyless, options)).toEqual([
      ...['sign', '--yes', '--fulcio-auth-flow', 'token', IMAGE],
    ]);
  });

  test('contain the options for the registry', () => {
    const registry = { insecure: true, ca: '/ca.pem' };
    expect(signImageArguments(offline, { ...options, recursive: true, registry }).slice(-5)).toEqual(
      [
        ...[
          '--recursive',
          '--allow-insecure-registry',
          '--allow-http-registry',
          '--registry-cacert',
          '/ca.pem',
        ],
      ]
        .concat(IMAGE)
        .slice(-5),
    );
  });
});

describe('the environment', () => {
  test('contains the secrets, and nothing that redirects signatures', () => {
    expect(cosignEnvironment(offline)).toEqual({
      COSIGN_REPOSITORY: undefined,
      COSIGN_EXPERIMENTAL: undefined,
      COSIGN_PASSWORD: 'hush',
    });
    expect(cosignEnvironment({ ...offline, secrets: {} })).toMatchObject({ COSIGN_PASSWORD: '' });
    expect(cosignEnvironment(keyless)).toEqual({
      COSIGN_REPOSITORY: undefined,
      COSIGN_EXPERIMENTAL: undefined,
      SIGSTORE_ID_TOKEN: 'token',
    });
  });

  test('is the only place with secrets', async () => {
    const { calls, runner } = recorder();
    const image = { image: IMAGE, registry: OPEN };
    await publicKeyOf(runner, offline, '/release.key');
    await attestImageWith(runner, offline, { ...image, predicate: '/p.json', type: 'https://t.example' });
    await signBlob(runner, keyless, { file: '/f', bundle: '/b' });
    await signStatement(runner, keyless, { statement: '/s', bundle: '/b' });
    expect(calls.map(({ args }) => args[0])).toEqual(['public-key', 'attest', 'sign-blob', 'attest-blob']);
    for (const { args, env } of calls) {
      expect(args.join(' ')).not.toMatch(/hush|(?<!-auth-flow )token/);
      expect(Object.values(env ?? {})).toContainEqual(expect.stringMatching(/^(hush|token)$/));
    }
  });
});

test('the config for signing with a key alone has no services', async () => {
  const { signingConfig, trustedRoot } = await writeOfflineConfig(temporaryDirectory());
  expect(JSON.parse(readFileSync(signingConfig, 'utf8'))).toEqual({
    mediaType: 'application/vnd.dev.sigstore.signingconfig.v0.2+json',
    rekorTlogConfig: {},
    tsaConfig: {},
  });
  expect(Object.keys(JSON.parse(readFileSync(trustedRoot, 'utf8')))).toEqual(['mediaType']);
});

test('a failure of keyless signing lists its requirements', async () => {
  const { runner } = recorder(new FactoryError('TOOL_FAILED', 'cosign failed with status 1'));
  const error = await failureOf(() => signBlob(runner, keyless, { file: '/f', bundle: '/b' }), 'step');
  expect(error.remedy).toContain('SIGSTORE_ID_TOKEN');
});
