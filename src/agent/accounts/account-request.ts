import type { User } from '../../common/cloud-config/step-schema.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { isField } from './account-table.ts';

/** What a configuration asks of an account (docs/contract.md 4.3). What is left out stays, or takes a default. */
export interface AccountRequest {
  readonly name: string;
  readonly uid?: number;
  /** A hash, or the password itself. */
  readonly password?: string;
  readonly locked: boolean;
  /** Further groups, sorted. */
  readonly groups: readonly string[];
  /** A name, or a number. */
  readonly primaryGroup?: string;
  readonly system: boolean;
  readonly gecos?: string;
  readonly home?: string;
  readonly shell?: string;
}

/** Group of accounts without one of their own, as for `useradd --no-user-group` (useradd(8)). */
const COMMON_GROUP = 'users';
/** The two highest ids mean "none" to system calls and to older file systems (chown(2), systemd's UIDS-GIDS). */
const MAX_ID = 2 ** 32 - 3;
/** What adduser(8) takes when it is not strict; not a number, which would be an id. */
const NAME = /^(?!\d+$)[a-z0-9_][a-z0-9_.-]{0,31}\$?$/i;

/** The request of an entry of `users`. @throws FactoryError `usage` for what the account files cannot hold */
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
  if (badName !== undefined) throw unusable(name, `"${badName}" is no name of a user or group`);
  if (primaryGroup !== undefined && !NAME.test(primaryGroup) && !/^\d+$/.test(primaryGroup)) {
    throw unusable(name, `"${primaryGroup}" is no group`);
  }
  const texts = [request.gecos, request.home, request.shell].filter((text) => text !== undefined);
  if (!texts.every(isField)) throw unusable(name, 'gecos, homedir and shell hold no colon and no line end');
  if (request.home !== undefined && !request.home.startsWith('/'))
    throw unusable(name, 'homedir is not absolute');
  return request;
}

function uidOf(name: string, uid: string | number | undefined): number | undefined {
  if (uid === undefined || uid === '') return undefined;
  if (/^\d+$/.test(String(uid)) && Number(uid) <= MAX_ID) return Number(uid);
  throw unusable(name, `the uid ${uid} is no number that a user can have`);
}

function unusable(name: string, reason: string): FactoryError {
  return new FactoryError('ACCOUNT_INVALID', `The user ${name} cannot be created: ${reason}`, {
    remedy: `Correct the entry ${name} under "users".`,
  });
}

function nonEmpty(text: string | undefined): string | undefined {
  return text === '' ? undefined : text;
}

/** A property, or none when there is no value. */
function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { [P in K]?: V };
}
