import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { execa } from 'execa';
import { PROJECT } from './factory.ts';

/** `scripts/setup --test` builds cosign here. */
const COSIGN = join(PROJECT, '.tools/bin/cosign');

/** Paths of a key pair. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

async function cosign(cwd: string, ...args: readonly string[]): Promise<void> {
  await cosignWith('', cwd, args);
}

async function cosignWith(password: string, cwd: string, args: readonly string[]): Promise<void> {
  if (!existsSync(COSIGN))
    throw new Error(`${COSIGN} is missing: run scripts/setup --test with Go on the PATH`);
  await execa(COSIGN, args, {
    cwd,
    env: { COSIGN_PASSWORD: password, HOME: cwd, TUF_ROOT: join(cwd, 'tuf') },
  });
}

/** Generates `NAME.key` and `NAME.pub` (ECDSA on P-256) in a directory. */
export async function generateKeyPair(directory: string, name: string, password = ''): Promise<KeyPair> {
  await cosignWith(password, directory, ['generate-key-pair', '--output-key-prefix', name]);
  return { privateKey: join(directory, `${name}.key`), publicKey: join(directory, `${name}.pub`) };
}

/** Imports a PEM private key of any type that cosign supports as `NAME.key` and `NAME.pub`. */
export async function importKeyPair(directory: string, name: string, pem: string): Promise<KeyPair> {
  await cosign(directory, 'import-key-pair', '--key', pem, '--output-key-prefix', name);
  return { privateKey: join(directory, `${name}.key`), publicKey: join(directory, `${name}.pub`) };
}

/** Signs `REGISTRY/REPOSITORY@DIGEST` with a layer under the tag `sha256-HEX.sig`, as cosign did before version 3. */
export async function signClassic(directory: string, key: KeyPair, reference: string): Promise<void> {
  const offline = ['--use-signing-config=false', '--tlog-upload=false', '--new-bundle-format=false'];
  await cosign(directory, 'sign', '--key', key.privateKey, '--yes', ...offline, reference);
}

/** Signs `REGISTRY/REPOSITORY@DIGEST` with a sigstore bundle that refers to it, without a log or network access elsewhere. */
export async function signBundle(directory: string, key: KeyPair, reference: string): Promise<void> {
  const config = join(directory, 'signing-config.json');
  if (!existsSync(config)) await cosign(directory, 'signing-config', 'create', '--out', config);
  await cosign(directory, 'sign', '--key', key.privateKey, '--yes', '--signing-config', config, reference);
}

/** Attaches a signed attestation to an image, which does not count as a signature of the image. */
export async function attest(
  directory: string,
  key: KeyPair,
  reference: string,
  predicate: string,
): Promise<void> {
  const config = join(directory, 'signing-config.json');
  if (!existsSync(config)) await cosign(directory, 'signing-config', 'create', '--out', config);
  const what = ['--type', 'https://example.com/note/v1', '--predicate', predicate];
  await cosign(
    directory,
    'attest',
    '--key',
    key.privateKey,
    '--yes',
    '--signing-config',
    config,
    ...what,
    reference,
  );
}
