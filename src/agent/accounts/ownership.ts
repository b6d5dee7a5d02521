import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { findRow } from './account-table.ts';

/** The mode and owner that a step gives for a file (docs/contract.md 4.7). */
export interface Owned {
  readonly permissions?: number | string | undefined;
  readonly owner?: number | undefined;
  readonly group?: number | undefined;
  /** `user`, `user:group` or `:group`, by name or id; takes precedence over the ids. */
  readonly owner_string?: string | undefined;
  /** The same: upstream's name for it (docs/contract.md 4.7). */
  readonly ownerstring?: string | undefined;
}

/** The ids of a file's owner; an absent one stays unchanged. */
export interface OwnerIds {
  readonly uid?: number;
  readonly gid?: number;
}

/** The mode and owner to set; what is absent stays unchanged. */
export interface Ownership {
  readonly ids: OwnerIds;
  readonly mode?: number;
  /** The owner does not exist, so that the file belongs to root instead. */
  readonly problem?: FactoryError;
}

/** Permission bits: a number is the value that YAML parsed from `0644`, text is octal. */
export function modeOf(permissions: number | string | undefined): number | undefined {
  return typeof permissions === 'string' ? Number.parseInt(permissions.replace(/^0?o/, ''), 8) : permissions;
}

/** The bits that run a program as its owner or group (chmod(2)). */
const SET_IDS = 0o6000;

/**
 * The mode and owner that a step asks for. An owner that does not exist is replaced by root, without the bits that would run
 * the file as root.
 */
export async function ownershipOf(host: Host, owned: Owned): Promise<Ownership> {
  const mode = modeOf(owned.permissions);
  try {
    return { ids: await ownerIds(host, owned), ...(mode === undefined ? {} : { mode }) };
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    const safe = mode === undefined ? {} : { mode: mode & ~SET_IDS };
    return { ids: { uid: 0, gid: 0 }, ...safe, problem: error };
  }
}

/**
 * The ids that a step asks for. A user without a group implies its primary group, as `chown user:` does.
 *
 * @throws FactoryError `usage` when the user or group does not exist
 */
async function ownerIds(host: Host, { owner, group, owner_string, ownerstring }: Owned): Promise<OwnerIds> {
  const [user = '', groupName = ''] = (owner_string || ownerstring || '').split(':');
  const account = user === '' ? undefined : await lookUp(host, 'user', user);
  const named = groupName === '' ? undefined : await lookUp(host, 'group', groupName);
  const uid = account?.id ?? owner;
  const gid = named?.id ?? account?.gid ?? group;
  return { ...(uid === undefined ? {} : { uid }), ...(gid === undefined ? {} : { gid }) };
}

/** Sets the owner of a path, and then its mode: a change of the owner clears the set-user-ID bit (chown(2)). */
export async function applyOwnership(host: Host, path: string, { ids, mode }: Ownership): Promise<void> {
  const { uid, gid } = ids;
  // -1 leaves an id as it is (chown(2)).
  if (uid !== undefined || gid !== undefined) await host.chown(path, uid ?? -1, gid ?? -1);
  if (mode !== undefined) await host.chmod(path, mode);
}

const ACCOUNT_FILE = { user: '/etc/passwd', group: '/etc/group' } as const;

/** passwd(5) and group(5) both have the id in the third field; the fourth of passwd is the primary group. */
async function lookUp(
  host: Host,
  kind: keyof typeof ACCOUNT_FILE,
  name: string,
): Promise<{ readonly id: number; readonly gid?: number }> {
  const row = findRow((await host.readText(ACCOUNT_FILE[kind])) ?? '', name);
  if (row !== undefined) {
    return kind === 'user' ? { id: Number(row[2]), gid: Number(row[3]) } : { id: Number(row[2]) };
  }
  if (/^\d+$/.test(name)) return { id: Number(name) };
  throw new FactoryError('ACCOUNT_INVALID', `The ${kind} ${name} does not exist`, {
    remedy: `Create the ${kind} in an earlier step, or give its numeric id.`,
  });
}
