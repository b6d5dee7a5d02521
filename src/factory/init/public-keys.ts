import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { keyProblem } from '../../common/cloud-config/ssh-key.ts';
import { FactoryError, reasonOf } from '../../common/errors/factory-error.ts';

/** A public key of OpenSSH in a file. */
export interface PublicKey {
  readonly file: string;
  /** Its one line. */
  readonly text: string;
}

/** The form of a public key: type, key, comment (sshd(8), "AUTHORIZED_KEYS FILE FORMAT"). */
const PUBLIC_KEY =
  /^(?:ssh-(?:ed25519|rsa)|ecdsa-sha2-nistp(?:256|384|521)|sk-(?:ssh-ed25519|ecdsa-sha2-nistp256)@openssh\.com) AAAA[0-9A-Za-z+/]{20,}={0,2}(?: .*)?$/;

/** The public keys in a directory such as `~/.ssh`, sorted by name. A directory that cannot be read has none. */
export async function publicKeysIn(directory: string): Promise<PublicKey[]> {
  const names = await readdir(directory).catch(() => []);
  const keys: PublicKey[] = [];
  for (const name of names.filter((each) => each.endsWith('.pub')).sort()) {
    const file = join(directory, name);
    const text = (await readFile(file, 'utf8').catch(() => '')).trim();
    if (isWhole(text)) keys.push({ file, text });
  }
  return keys;
}

function isWhole(text: string): boolean {
  return PUBLIC_KEY.test(text) && keyProblem(text) === undefined;
}

/** Reads a public key that a person names. @throws FactoryError `usage` for a file without a whole one, such as a private key */
export async function readPublicKey(file: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new FactoryError('FILE_NOT_FOUND', `${file} cannot be read: ${reasonOf(error)}`, {
      remedy: 'Give the path of your public key, such as ~/.ssh/id_ed25519.pub.',
      cause: error,
    });
  });
  const [line = ''] = text.trim().split('\n');
  const problem = keyProblem(line);
  if (PUBLIC_KEY.test(line.trim())) {
    if (problem === undefined) return line.trim();
    throw new FactoryError('OPTION_INVALID', `${file}: ${problem}`, {
      remedy: `Write the file again from the private key: ssh-keygen -y -f ${file.replace(/\.pub$/, '')} > ${file}`,
    });
  }
  const isPrivate = text.includes('PRIVATE KEY');
  throw new FactoryError(
    'OPTION_INVALID',
    `${file} ${isPrivate ? 'is a private key' : 'is not a public key of OpenSSH'}`,
    {
      remedy: isPrivate ? `Give the public key, probably ${file}.pub.` : 'Make one: ssh-keygen -t ed25519',
    },
  );
}

/** The form of a name at GitHub, in which every answer and flag must be. */
const ACCOUNT = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,37}[A-Za-z0-9])?$/;

/** The source of the keys of an account: `github:NAME`. @throws FactoryError `usage` for a name that GitHub does not allow */
export function accountKeys(name: string): string {
  if (ACCOUNT.test(name)) return `github:${name}`;
  throw new FactoryError('OPTION_INVALID', `"${name}" is not a name at GitHub`, {
    remedy: 'Give your own name there: whoever has it may log in to the nodes.',
  });
}
