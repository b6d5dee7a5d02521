import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { findRow } from './account-table.ts';

/** How a step names mode and owner of a file (docs/contract.md 4.7). */
export interface Owned {
  readonly permissions?: number | string | undefined;
  readonly owner?: number | undefined;
  readonly group?: number | undefined;
  /** `user`, `user:group` or `:group`, by name or id; goes before the ids. */
  readonly owner_string?: string | undefined;
}

/** Ids of a file's owner; those that are not there stay as they are. */
export interface OwnerIds {
  readonly uid?: number;
  readonly gid?: number;
}

/** Permission bits: a number is what YAML made of `0644`, a text is octal. */
export function modeOf(permissions: number | string | undefined): number | undefined {
  return typeof permissions === 'string' ? Number.parseInt(permissions.replace(/^0?o/, ''), 8) : permissions;
}

/**
 * The ids that a step asks for. A user alone brings its primary group, as `chown user:` does.
 *
 * @throws FactoryError `usage` when the machine has no such user or group
 */
export async function ownerIds(host: Host, { owner, group, owner_string }: Owned): Promise<OwnerIds> {
  const [user = '', groupName = ''] = (owner_string ?? '').split(':');
  const account = user === '' ? undefined : await lookUp(host, '/etc/passwd', 'user', user);
  const named = groupName === '' ? undefined : await lookUp(host, '/etc/group', 'group', groupName);
  const uid = account?.id ?? owner;
  const gid = named?.id ?? account?.gid ?? group;
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}

/** Gives a path to the owner that is asked for, if one is. */
export async function applyOwner(host: Host, path: string, { uid, gid }: OwnerIds): Promise<void> {
  if (uid === undefined && gid === undefined) return;
  // -1 leaves an id as it is (chown(2)).
  await host.chown(path, uid ?? -1, gid ?? -1);
}

/** passwd(5) and group(5) both have the id in the third field; the fourth of passwd is the primary group. */
async function lookUp(
  host: Host,
  file: string,
  kind: 'user' | 'group',
  name: string,
): Promise<{ readonly id: number; readonly gid?: number }> {
  const row = findRow((await host.readText(file)) ?? '', name);
  if (row !== undefined) {
    return kind === 'user' ? { id: Number(row[2]), gid: Number(row[3]) } : { id: Number(row[2]) };
  }
  if (/^\d+$/.test(name)) return { id: Number(name) };
  throw new FactoryError('ACCOUNT_INVALID', `There is no ${kind} ${name}`, {
    remedy: `Create the ${kind} in a step before this one, or give its number.`,
  });
}
