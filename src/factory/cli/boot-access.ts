import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { freePort } from '../boot/forward.ts';
import type { ThrowawayAccount } from '../boot/throwaway-account.ts';
import { type PublicKey, publicKeysIn, readPublicKey } from '../init/public-keys.ts';
import { numberOf } from './machine-options.ts';
import { programName } from './program-name.ts';

/** Options of `boot` for logging in, and for what the guest writes. */
export interface AccessOptions {
  readonly user?: string | true | undefined;
  readonly write?: true | undefined;
  readonly persist?: string | undefined;
  readonly sshKey?: string | undefined;
}

/** Refuses options that exclude each other. @throws FactoryError `usage` */
export function refuseConflicts({ user, write, persist, sshKey }: AccessOptions): void {
  const conflict = (message: string, remedy: string) => {
    throw new FactoryError('OPTION_CONFLICT', message, { remedy });
  };
  if (write && persist !== undefined)
    conflict('--write and --persist name two places for what the guest writes', 'Use one of them.');
  if (write && user !== undefined)
    conflict(
      'with --write, the account of --user would stay in the disk image',
      'Use --persist FILE, which leaves the image as it is.',
    );
  if (sshKey !== undefined && user === undefined)
    conflict('--ssh-key is the key of an account, and there is none', 'Add --user.');
}

/** The public keys of the person. None is not an error, because the account has a password. @throws FactoryError `usage` */
export async function keysOf(file: string | undefined): Promise<PublicKey[]> {
  if (file !== undefined) return [{ file: resolve(file), text: await readPublicKey(file) }];
  return publicKeysIn(join(homedir(), '.ssh'));
}

/** The files of the private keys, as far as they exist: a key may also be in an agent. */
export function identitiesOf(keys: readonly PublicKey[]): string[] {
  return keys.map(({ file }) => file.replace(/\.pub$/, '')).filter((file) => existsSync(file));
}

/** The host port for SSH; `undefined` when there is none. @throws FactoryError `usage` for an impossible one */
export async function portOf(
  text: string | undefined,
  account: ThrowawayAccount | undefined,
): Promise<number | undefined> {
  if (text !== undefined) return numberOf({ flag: '--ssh-port', text, largest: 65535 });
  return account === undefined ? undefined : freePort();
}

/** How to log in. */
export function accessText(artifact: string, account: ThrowawayAccount | undefined): string {
  if (account === undefined)
    return artifact.endsWith('.iso')
      ? 'Log in to a live system as kairos with the password kairos. Ctrl-A X ends the machine.'
      : 'To log in, the system needs an account: --user makes one for this machine. Ctrl-A X ends the machine.';
  const keys = account.keys.length === 0 ? 'no SSH key' : `${account.keys.length} SSH key(s) of yours`;
  return [
    `Account of this machine: ${account.name}, with the password ${account.password} and ${keys}. It is an administrator (sudo).`,
    `In another terminal, when the system is up: ${programName()} ssh`,
    'Ctrl-A X ends the machine.',
  ].join('\n');
}
