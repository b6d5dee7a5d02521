import { readFile } from 'node:fs/promises';
import { isKeyFile, type SignSpec } from '../config/signing.ts';
import { isCosignKey } from '../signing/cosign-key.ts';
import { askSecret } from './ask-secret.ts';

/** The variable that cosign and the factory read a password from. */
const VARIABLE = 'COSIGN_PASSWORD';

/** The streams of a person, and the variables of this process. */
interface Asking {
  readonly input: NodeJS.ReadStream;
  readonly output: NodeJS.WriteStream;
  readonly env: Record<string, string | undefined>;
}

/**
 * Asks for the password of a signing key on a terminal, if nothing else gives it, and keeps it in the environment of this
 * process, from which the signer takes it. Without a terminal, an empty password is tried, as before.
 * @throws FactoryError `interrupted` when the person gives none
 */
export async function askPassword(
  sign: SignSpec | undefined,
  { input, output, env }: Asking = { input: process.stdin, output: process.stderr, env: process.env },
): Promise<void> {
  if (sign === undefined || input.isTTY !== true || output.isTTY !== true) return;
  if (sign['password-file'] !== undefined || sign['password-env'] !== undefined) return;
  if (env[VARIABLE] !== undefined || !isCosignKey(await keyText(sign.key, env))) return;
  env[VARIABLE] = await askSecret(`Password of ${sign.key}: `, { input, output });
}

async function keyText(key: string, env: Asking['env']): Promise<string> {
  const variable = /^env:\/\/(.+)$/.exec(key)?.[1];
  if (variable !== undefined) return env[variable] ?? '';
  // A file that cannot be read is reported where the key is used.
  return isKeyFile(key) ? readFile(key, 'latin1').catch(() => '') : '';
}
