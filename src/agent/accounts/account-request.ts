import type { User } from '../../common/cloud-config/step-schema.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isField } from './account-table.ts';

/** An account as a configuration requests it (docs/contract.md 4.3). Absent fields keep their value, or take a default. */
export interface AccountRequest {
  readonly name: string;
  readonly uid?: number;
  /** A hash, or the password in the clear. */
  readonly password?: string;
  readonly locked: boolean;
  /** Supplementary groups, sorted. */
  readonly groups: readonly string[];
  /** Name or gid. */
  readonly primaryGroup?: string;
  readonly system: boolean;
  readonly gecos?: string;
  readonly home?: string;
  readonly shell?: string;
}

/** Primary group of accounts without their own group, as with `useradd --no-user-group` (useradd(8)). */
const COMMON_GROUP = 'users';
/** The two highest ids mean "none" to system calls and to older file systems (chown(2), systemd's UIDS-GIDS). */
const MAX_ID = 2 ** 32 - 3;
/** Names that adduser(8) accepts when it is not strict. All digits would read as an id. */
const NAME = /^(?!\d+$)[a-z0-9_][a-z0-9_.-]{0,31}\$?$/i;

/**
 * Turns an entry of `users` into a request.
 *
 * @throws FactoryError `usage` for values that the account files cannot hold
 */
export function accountRequest(name: string, user: User): AccountRequest {
  const { passwd, gecos, homedir, shell, primary_group, no_user_group } = user;
  const groups = typeof user.groups === 'string' ? user.groups.split(',') : (user.groups ?? []);
  const primaryGroup = nonEmpty(primary_group) ?? (no_user_group ? COMMON_GROUP : undefined);
  const request = {
    name,
    locked: user.lock_passwd ?? user.lockPasswd ?? false,
    groups: [...new Set(groups.map((group) => group.trim()).filter((group) => group !== ''))].sort(),
    system: user.system ?? false,
    ...optional('uid', uidOf(name, user.uid)),
    ...optional('password', nonEmpty(passwd)),
    ...optional('primaryGroup', primaryGroup),
    ...optional('gecos', gecos),
    ...optional('home', nonEmpty(homedir)),
    ...optional('shell', nonEmpty(shell)),
  };
  const badName = [name, ...request.groups].find((text) => !NAME.test(text));
  if (badName !== undefined) throw unusable(name, `"${badName}" is not a valid user or group name`);
  if (primaryGroup !== undefined && !NAME.test(primaryGroup) && !/^\d+$/.test(primaryGroup)) {
    throw unusable(name, `"${primaryGroup}" is not a valid group`);
  }
  const texts = [request.gecos, request.home, request.shell].filter((text) => text !== undefined);
  if (!texts.every(isField))
    throw unusable(name, 'gecos, homedir and shell must not contain colons or line breaks');
  if (request.home !== undefined && !request.home.startsWith('/'))
    throw unusable(name, 'homedir is not an absolute path');
  return request;
}

function uidOf(name: string, uid: string | number | undefined): number | undefined {
  if (uid === undefined || uid === '') return undefined;
  if (/^\d+$/.test(String(uid)) && Number(uid) <= MAX_ID) return Number(uid);
  throw unusable(name, `"${uid}" is not a valid uid`);
}

function unusable(name: string, reason: string): FactoryError {
  return new FactoryError('ACCOUNT_INVALID', `The user ${name} cannot be created: ${reason}`, {
    remedy: `Correct the entry ${name} under "users".`,
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** An object with the property, or an empty one when the value is undefined. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
