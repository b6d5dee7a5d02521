import { readFile, stat } from 'node:fs/promises';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import { parsePublicKey, type TrustKey } from '../../common/trust/public-key.ts';
import type { SignatureForm } from '../../common/trust/signature.ts';
import { isKeyFile, KEYLESS, type SignSpec } from '../config/signing.ts';
import { checkTool } from '../tools/check-tool.ts';
import {
  COSIGN,
  type CosignSigner,
  isWrongPassword,
  publicKeyOf,
  writeOfflineConfig,
} from '../tools/cosign.ts';
import type { Runner } from '../tools/runner.ts';
import { isCosignKey } from './cosign-key.ts';

/** An opened signer: its key has been tried. */
export interface Signer {
  /** For reports: the key as the user wrote it, or `keyless`. */
  readonly name: string;
  readonly cosign: CosignSigner;
  /** The public half of the key; absent for keyless. */
  readonly publicKey: TrustKey | undefined;
  /** The forms of signature that images get. */
  readonly forms: readonly SignatureForm[];
}

/** The environment that a signer is opened in. */
export interface SignerContext {
  readonly runner: Runner;
  /** The variables to look up secrets in; the runner's environment may lack them. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Directory for files that are needed as long as the signer. */
  readonly scratch: string;
  readonly warn: (text: string) => void;
}

/** Names of the variables that hold secrets of a signer; only cosign may inherit them. */
export function secretVariables(sign: SignSpec | undefined): string[] {
  const key = /^env:\/\/(.+)$/.exec(sign?.key ?? '')?.[1];
  return [sign?.['password-env'], key].filter((name) => name !== undefined);
}

/**
 * Opens a signer and tries its key, so that problems are reported before anything is written.
 * @throws FactoryError `tool` without a usable cosign, `usage` for a key or password that cannot be used
 */
export async function openSigner(context: SignerContext, sign: SignSpec): Promise<Signer> {
  const { runner, scratch } = context;
  checkFormat(sign);
  await checkTool(runner, COSIGN);
  const secrets = await secretsOf(context, sign);
  const key = sign.key === KEYLESS ? undefined : sign.key;
  const offline = key !== undefined && sign['signing-config'] === undefined;
  const config = offline
    ? await writeOfflineConfig(scratch)
    : { signingConfig: sign['signing-config'], trustedRoot: sign['trusted-root'] };
  const cosign: CosignSigner = { key, ...config, offline, secrets };
  return {
    name: sign.key,
    cosign,
    publicKey: key === undefined ? undefined : await tryKey(context, cosign, key),
    forms: sign.format === 'both' ? ['bundle', 'classic'] : [sign.format],
  };
}

function checkFormat({ format, ...sign }: SignSpec): void {
  if (format === 'bundle' || sign['signing-config'] === undefined) return;
  throw new FactoryError(
    'OPTION_CONFLICT',
    `the signature format ${format} cannot be combined with a signing-config`,
    {
      remedy: 'Use the format bundle; cosign supports the classic form with its built-in services only.',
    },
  );
}

async function secretsOf({ env }: SignerContext, sign: SignSpec): Promise<Readonly<Record<string, string>>> {
  const variable = (name: string) => {
    const value = env[name];
    return value === undefined ? {} : { [name]: value };
  };
  if (sign.key === KEYLESS) return variable('SIGSTORE_ID_TOKEN');
  const named = /^env:\/\/(.+)$/.exec(sign.key)?.[1];
  if (named !== undefined && env[named] === undefined) {
    throw new FactoryError('SIGNING_KEY_UNUSABLE', `the variable ${named} for the signing key is not set`, {
      remedy: `Put the key's PEM text into ${named}, or give a file.`,
    });
  }
  return {
    ...variable('COSIGN_PKCS11_PIN'),
    ...(named === undefined ? {} : variable(named)),
    COSIGN_PASSWORD: await passwordOf(env, sign),
  };
}

async function passwordOf(env: SignerContext['env'], sign: SignSpec): Promise<string> {
  const file = sign['password-file'];
  if (file !== undefined) {
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      throw new FactoryError(
        'SIGNING_KEY_UNUSABLE',
        `cannot read the password of the signing key: ${messageOf(error)}`,
        {
          remedy: 'Check the path of password-file and its permissions.',
        },
      );
    });
    // Editors end a file with a newline, which is not part of the password.
    return text.replace(/\r?\n$/, '');
  }
  const name = sign['password-env'] ?? 'COSIGN_PASSWORD';
  const value = env[name];
  if (value === undefined && sign['password-env'] !== undefined) {
    throw new FactoryError(
      'SIGNING_KEY_UNUSABLE',
      `the variable ${name} for the password of the signing key is not set`,
      { remedy: `Set ${name}, or give a file with password-file.` },
    );
  }
  return value ?? '';
}

async function tryKey({ runner, warn }: SignerContext, cosign: CosignSigner, key: string): Promise<TrustKey> {
  if (isKeyFile(key)) await checkKeyFile(key, warn);
  const pem = await publicKeyOf(runner, cosign, key).catch((error: unknown) => {
    throw unusable(key, error);
  });
  let publicKey: TrustKey;
  try {
    publicKey = parsePublicKey(key, pem);
  } catch (error) {
    throw new FactoryError('SIGNING_KEY_UNUSABLE', `the signing key ${key} ${messageOf(error)}`, {
      remedy: OTHER_KEY,
    });
  }
  if (publicKey.key.asymmetricKeyType !== 'ed25519') return publicKey;
  throw new FactoryError(
    'SIGNING_KEY_UNUSABLE',
    `the signing key ${key} is an Ed25519 key, and nodes cannot verify the signatures that cosign makes with it`,
    { remedy: OTHER_KEY },
  );
}

const OTHER_KEY =
  'Use a P-256 key, which "cosign generate-key-pair" creates, or an RSA key of at least 2048 bits.';

async function checkKeyFile(key: string, warn: (text: string) => void): Promise<void> {
  const stats = await stat(key).catch(() => undefined);
  if (!stats?.isFile()) {
    throw new FactoryError('SIGNING_KEY_UNUSABLE', `the signing key ${key} does not exist`, {
      remedy:
        'Give a file, env://VARIABLE, the URI of a KMS key, or keyless; "cosign generate-key-pair" creates a key.',
    });
  }
  await requireCosignKey(key);
  if ((stats.mode & 0o077) !== 0) warn(`the signing key ${key} is readable by other users: chmod 600 ${key}`);
}

/** Says how to convert keys of other programs, which cosign refuses with the name of its parser. */
async function requireCosignKey(key: string): Promise<void> {
  const text = await readFile(key, 'latin1').catch(() => '');
  const [, title] = /-----BEGIN ([A-Z0-9 ]+)-----/.exec(text) ?? [];
  if (title === undefined || isCosignKey(text)) return;
  const isPrivate = title.endsWith('PRIVATE KEY');
  throw new FactoryError(
    'SIGNING_KEY_UNUSABLE',
    `the signing key ${key} is a PEM ${title}, not a key of cosign`,
    {
      remedy: isPrivate
        ? `Convert it: cosign import-key-pair --key ${key}`
        : 'Give the private key; "cosign generate-key-pair" creates one.',
    },
  );
}

function unusable(key: string, error: unknown): unknown {
  if (!(error instanceof FactoryError) || error.kind !== 'step') return error;
  const isPassword = isWrongPassword(error);
  return new FactoryError(
    'SIGNING_KEY_UNUSABLE',
    isPassword ? `the password of the signing key ${key} is wrong` : `the signing key ${key} cannot be used`,
    {
      details: isPassword ? [] : error.details,
      remedy: isPassword
        ? 'Set COSIGN_PASSWORD, sign.password-file or sign.password-env; on a terminal, it is asked for when none is set.'
        : 'Check the key; for a KMS, also its address and your credentials there.',
      cause: error,
    },
  );
}
