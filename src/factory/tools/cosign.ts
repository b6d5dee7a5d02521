import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { HostTool } from './host-tool.ts';
import type { Runner, RunOptions, RunResult } from './runner.ts';

export const COSIGN: HostTool = {
  name: 'cosign',
  package: 'cosign',
  install:
    'Install it: go install github.com/sigstore/cosign/v3/cmd/cosign@latest, or see docs.sigstore.dev.',
  version: {
    args: ['version'],
    pattern: /GitVersion:\s+v?(\d+\.\d+\.\d+)/,
    range: '>=3.1.0 <4.0.0',
    reason: 'bundles in registries and signing without any service take cosign 3.1',
  },
};

/**
 * Variables that hold secrets of cosign, or change what it does behind our back. No other program gets the former, and
 * cosign gets what a signer says.
 */
export const COSIGN_SECRETS = ['COSIGN_PASSWORD', 'COSIGN_PKCS11_PIN', 'SIGSTORE_ID_TOKEN'] as const;
/** Signatures would go elsewhere than where they are looked for, or cosign would ask at the terminal. */
const UNWANTED = { COSIGN_REPOSITORY: undefined, COSIGN_EXPERIMENTAL: undefined } as const;

/** A config without any service: nothing is asked of the network but the registry (cosign, `signing-config create`). */
const NO_SERVICES =
  '{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}\n';
/** What belongs to it. Without one, cosign asks the public instance's for it at each call (cosign 3.1.3, `common.go`). */
const NO_ROOT = '{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}\n';

/** How cosign signs: by which key, and with which services. */
export interface CosignSigner {
  /** Path, `env://VARIABLE` or URI of a key; absent for a certificate of the CI's identity. */
  readonly key: string | undefined;
  /** Signing config and trusted root, both paths; absent for the public services. */
  readonly signingConfig: string | undefined;
  readonly trustedRoot: string | undefined;
  /** Whether they are those of {@link writeOfflineConfig}: the key alone signs. */
  readonly offline: boolean;
  /** What cosign alone gets in its environment. */
  readonly secrets: Readonly<Record<string, string>>;
}

/** How a registry is reached. */
export interface CosignRegistry {
  /** Accept any certificate, and no TLS at all. */
  readonly insecure: boolean;
  /** File with certificates of authorities. */
  readonly ca: string | undefined;
}

/** Writes what makes cosign sign with a key alone, without any network, into a directory. */
export async function writeOfflineConfig(
  directory: string,
): Promise<{ readonly signingConfig: string; readonly trustedRoot: string }> {
  const signingConfig = join(directory, 'signing.json');
  const trustedRoot = join(directory, 'root.json');
  await writeFile(signingConfig, NO_SERVICES);
  await writeFile(trustedRoot, NO_ROOT);
  return { signingConfig, trustedRoot };
}

/** The public half of a signing key, in PEM. @throws FactoryError `step` when cosign cannot have the key */
export async function publicKeyOf(runner: Runner, signer: CosignSigner, key: string): Promise<string> {
  const { stdout } = await cosign(runner, signer, ['public-key', '--key', key]);
  return stdout;
}

/** What of an image is signed, and how. */
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
  // The form of before cosign 3 takes no signing config.
  const services = classic
    ? ['--new-bundle-format=false', '--use-signing-config=false', ...(signer.offline ? [NO_LOG] : [])]
    : servicesOf(signer);
  const depth = recursive ? ['--recursive'] : [];
  return ['sign', '--yes', ...keyOf(signer), ...services, ...depth, ...registryOf(registry), image];
}

const NO_LOG = '--tlog-upload=false';

/** Attaches a predicate to an image `REGISTRY/NAME@DIGEST`. @param type URI of its type */
export async function attestImageWith(
  runner: Runner,
  signer: CosignSigner,
  {
    image,
    predicate,
    type,
    registry,
  }: {
    readonly image: string;
    readonly predicate: string;
    readonly type: string;
    readonly registry: CosignRegistry;
  },
): Promise<void> {
  const what = ['--predicate', predicate, '--type', type];
  await cosign(runner, signer, [
    'attest',
    '--yes',
    ...keyOf(signer),
    ...servicesOf(signer),
    ...what,
    ...registryOf(registry),
    image,
  ]);
}

/** Signs the content of a file; cosign holds it in memory. */
export async function signBlob(
  runner: Runner,
  signer: CosignSigner,
  { file, bundle }: { readonly file: string; readonly bundle: string },
): Promise<void> {
  const output = ['--bundle', bundle];
  await cosign(runner, signer, [
    'sign-blob',
    '--yes',
    ...keyOf(signer),
    ...servicesOf(signer),
    ...output,
    file,
  ]);
}

/** Signs an in-toto statement in a file. */
export async function signStatement(
  runner: Runner,
  signer: CosignSigner,
  { statement, bundle }: { readonly statement: string; readonly bundle: string },
): Promise<void> {
  const what = ['--statement', statement, '--bundle', bundle];
  await cosign(runner, signer, ['attest-blob', '--yes', ...keyOf(signer), ...servicesOf(signer), ...what]);
}

/** The environment that cosign gets besides the runner's. */
export function cosignEnvironment({ key, secrets }: CosignSigner): NonNullable<RunOptions['env']> {
  // An empty password rather than a question at a terminal that nobody sits at.
  return { ...UNWANTED, ...(key === undefined ? {} : { COSIGN_PASSWORD: '' }), ...secrets };
}

async function cosign(runner: Runner, signer: CosignSigner, args: readonly string[]): Promise<RunResult> {
  const running = runner.run(COSIGN, args, { env: cosignEnvironment(signer) });
  return running.catch((error: unknown) => {
    if (!(error instanceof FactoryError) || error.kind !== 'step' || args.includes('--key')) throw error;
    throw new FactoryError('TOOL_FAILED', error.message, {
      details: error.details,
      remedy:
        'Without a key, cosign needs a token of the CI (SIGSTORE_ID_TOKEN, or one that it finds itself) and the network to the services that give certificates; docs/signing.md.',
      cause: error,
    });
  });
}

function keyOf({ key }: CosignSigner): string[] {
  // Without a token of the CI: an error, in place of a browser or a device code that nobody sees.
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

/** Whether cosign could not decrypt a key, by what it printed. */
export function isWrongPassword({ details }: FactoryError): boolean {
  return details.some((line) => /decrypt/i.test(line));
}
