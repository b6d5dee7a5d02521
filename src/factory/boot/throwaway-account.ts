import { randomInt } from 'node:crypto';
import { stringify } from 'yaml';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { hashPassword } from '../tools/openssl.ts';
import type { Runner } from '../tools/runner.ts';

/** An administrator of one machine, for as long as it runs. */
export interface ThrowawayAccount {
  readonly name: string;
  /** Public keys, a line each. */
  readonly keys: readonly string[];
  /** For the console, and for SSH without a key. */
  readonly password: string;
}

/** The rule of useradd(8), which every distribution accepts. */
const NAME = /^[a-z_][a-z0-9_-]{0,31}$/;
/** Without letters and digits that look alike. */
const LETTERS = 'abcdefghijkmnpqrstuvwxyz23456789';

/** Makes an account with a password of its own. @throws FactoryError `usage` for a name that is not one of an account */
export function makeAccount(name: string, keys: readonly string[]): ThrowawayAccount {
  if (!NAME.test(name) || name === 'root')
    throw new FactoryError('OPTION_INVALID', `--user: "${name}" is not a name for an account`, {
      remedy: 'Use lower-case letters, digits, - and _, such as kairos. root is not possible.',
    });
  const group = () => Array.from({ length: 4 }, () => LETTERS[randomInt(LETTERS.length)]).join('');
  return { name, keys, password: [group(), group(), group()].join('-') };
}

/** The cloud-config that creates the account. It has a hash of the password only. */
export async function accountConfig(
  runner: Runner,
  { name, keys, password }: ThrowawayAccount,
): Promise<string> {
  const passwd = await hashPassword(runner, password);
  const keyed = keys.length === 0 ? {} : { ssh_authorized_keys: keys };
  const users = [{ name, groups: ['admin'], shell: '/bin/sh', passwd, ...keyed }];
  return `#cloud-config\n${stringify({ users }, { lineWidth: 0 })}`;
}
