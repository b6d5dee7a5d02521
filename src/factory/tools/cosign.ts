import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner, RunOptions, RunResult } from './runner.ts';

export const COSIGN: HostTool = {
  name: 'cosign',
  package: 'cosign',
  purpose: 'signs images and build outputs',
  install:
    'Install it: go install github.com/sigstore/cosign/v3/cmd/cosign@latest, or see docs.sigstore.dev.',
  version: {
    args: ['version'],
    pattern: /GitVersion:\s+v?(\d+\.\d+\.\d+)/,
    range: '>=3.1.0 <4.0.0',
    reason: 'bundles in registries and signing without a transparency service need cosign 3.1',
  },
};

/**
 * Variables that hold cosign's secrets. No other program inherits them; cosign gets those that the signer sets.
 */
export const COSIGN_SECRETS = ['COSIGN_PASSWORD', 'COSIGN_PKCS11_PIN', 'SIGSTORE_ID_TOKEN'] as const;
/** Variables that would send signatures to another repository, or make cosign prompt at the terminal. */
const UNWANTED = { COSIGN_REPOSITORY: undefined, COSIGN_EXPERIMENTAL: undefined } as const;

/** A signing config without services: cosign contacts the registry only (cosign, `signing-config create`). */
const NO_SERVICES =
  '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}\n';
/** The matching trusted root. Without one, cosign fetches the public instance's on each call (cosign 3.1.3, `common.go`). */
const NO_ROOT = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}\n';

/** The key and the services that cosign signs with. */
export interface CosignSigner {
  /** Path, `env://VARIABLE` or URI of a key; absent for a certificate for the CI job's identity. */
  readonly key: string | undefined;
  /** Signing config and trusted root, both paths; absent for the public services. */
  readonly signingConfig: string | undefined;
  readonly trustedRoot: string | undefined;
  /** Whether both come from {@link writeOfflineConfig}, so that the key alone signs. */
  readonly offline: boolean;
  /** Environment variables for cosign only. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** How cosign connects to a registry. */
export interface CosignRegistry {
  /** Accept any certificate, and plain HTTP. */
  readonly insecure: boolean;
  /** File with CA certificates. */
  readonly ca: string | undefined;
}

/** Writes a signing config and a trusted root that let cosign sign with a key alone, without a network. @returns both paths */
export async function writeOfflineConfig(
  directory: string,
): Promise<{ readonly signingConfig: string; readonly trustedRoot: string }> {
  const signingConfig = join(directory, 'signing.json');
  const trustedRoot = join(directory, 'root.json');
  await writeFile(signingConfig, NO_SERVICES);
  await writeFile(trustedRoot, NO_ROOT);
  return { signingConfig, trustedRoot };
}

/** The public half of a signing key, in PEM. @throws FactoryError `step` when cosign cannot use the key */
export async function publicKeyOf(runner: Runner, signer: CosignSigner, key: string): Promise<string> {
  const { stdout } = await cosign(runner, signer, ['public-key', '--key', key]);
  return stdout;
}

/** Which image to sign, and how. */
export interface ImageSigning {
  /** `REGISTRY/NAME@DIGEST`. */
  readonly image: string;
  /** Whether the signature gets the tag `sha256-HEX.sig`, as before cosign 3. */
  readonly classic: boolean;
  /** Whether the images of an index are signed too. */
  readonly recursive: boolean;
  readonly registry: CosignRegistry;
}

/** Signs an image. @throws FactoryError `step` when cosign fails */
export async function signImageWith(
  runner: Runner,
  signer: CosignSigner,
  options: ImageSigning,
): Promise<void> {
  await cosign(runner, signer, signImageArguments(signer, options));
}

/** The arguments of {@link signImageWith}. */
export function signImageArguments(
  signer: CosignSigner,
  { image, classic, recursive, registry }: ImageSigning,
): string[] {
  // The classic form does not accept a signing config.
  const services = classic
    ? ['--new-bundle-format=false', '--use-signing-config=false', ...(signer.offline ? [NO_LOG] : [])]
    : servicesOf(signer);
  return [
    'sign',
    '--yes',
    ...keyOf(signer),
    ...services,
    ...(recursive ? ['--recursive'] : []),
    ...registryOf(registry),
    image,
  ];
}

const NO_LOG = '--tlog-upload=false';

/**
 * Attests a predicate for an image and pushes the attestation.
 * @param options.image `REGISTRY/NAME@DIGEST`
 * @param options.predicate path of the predicate
 * @param options.type URI of the predicate's type
 * @throws FactoryError `step` when cosign fails
 */
export async function attestImageWith(
  runner: Runner,
  signer: CosignSigner,
  options: {
    readonly image: string;
    readonly predicate: string;
    readonly type: string;
    readonly registry: CosignRegistry;
  },
): Promise<void> {
  await cosign(runner, signer, [
    'attest',
    '--yes',
    ...keyOf(signer),
    ...servicesOf(signer),
    '--predicate',
    options.predicate,
    '--type',
    options.type,
    ...registryOf(options.registry),
    options.image,
  ]);
}

/** Signs the content of a file, which cosign reads into memory, and writes the bundle. @throws FactoryError `step` when cosign fails */
export async function signBlob(
  runner: Runner,
  signer: CosignSigner,
  { file, bundle }: { readonly file: string; readonly bundle: string },
): Promise<void> {
  await cosign(runner, signer, [
    'sign-blob',
    '--yes',
    ...keyOf(signer),
    ...servicesOf(signer),
    '--bundle',
    bundle,
    file,
  ]);
}

/** Signs an in-toto statement in a file and writes the bundle. @throws FactoryError `step` when cosign fails */
export async function signStatement(
  runner: Runner,
  signer: CosignSigner,
  { statement, bundle }: { readonly statement: string; readonly bundle: string },
): Promise<void> {
  await cosign(runner, signer, [
    'attest-blob',
    '--yes',
    ...keyOf(signer),
    ...servicesOf(signer),
    '--statement',
    statement,
    '--bundle',
    bundle,
  ]);
}

/** The variables that cosign gets in addition to the runner's environment; `undefined` removes one. */
export function cosignEnvironment({ key, secrets }: CosignSigner): NonNullable<RunOptions['env']> {
  // An empty password prevents a prompt at the terminal.
  return { ...UNWANTED, ...(key === undefined ? {} : { COSIGN_PASSWORD: '' }), ...secrets };
}

async function cosign(runner: Runner, signer: CosignSigner, args: readonly string[]): Promise<RunResult> {
  const running = runner.run(COSIGN, args, { env: cosignEnvironment(signer) });
  return running.catch((error: unknown) => {
    if (!(error instanceof FactoryError) || error.kind !== 'step' || args.includes('--key')) throw error;
    throw new FactoryError('TOOL_FAILED', error.message, {
      details: error.details,
      remedy:
        'Without a key, cosign needs a token from the CI (SIGSTORE_ID_TOKEN, or one that it detects) and a connection to the services that issue certificates; see docs/signing.md.',
      cause: error,
    });
  });
}

function keyOf({ key }: CosignSigner): string[] {
  // Without a CI token this fails, instead of opening a browser or waiting for a device code.
  return key === undefined ? ['--fulcio-auth-flow', 'token'] : ['--key', key];
}

function servicesOf({ signingConfig, trustedRoot }: CosignSigner): string[] {
  return [
    ...(signingConfig === undefined ? [] : ['--signing-config', signingConfig]),
    ...(trustedRoot === undefined ? [] : ['--trusted-root', trustedRoot]),
  ];
}

function registryOf({ insecure, ca }: CosignRegistry): string[] {
  return [
    ...(insecure ? ['--allow-insecure-registry', '--allow-http-registry'] : []),
    ...(ca === undefined ? [] : ['--registry-cacert', ca]),
  ];
}

/** Whether cosign failed because it could not decrypt a key, judged by its output. */
export function isWrongPassword({ details }: FactoryError): boolean {
  return details.some((line) => /decrypt/i.test(line));
}
