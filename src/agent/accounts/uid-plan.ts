import type { AccountRequest } from './account-request.ts';
import { findRow, rowsOf } from './account-table.ts';
import type { NumberRecord } from './number-record.ts';

/** The range of new ids: SYS_UID_MIN to UID_MAX of login.defs(5), with the defaults of useradd(8). */
const RANGE = { system: 100, regular: 1000, end: 60_000 };

/** What the ids of accounts depend on. */
export interface UidContext {
  readonly passwd: string;
  readonly group: string;
  readonly record: NumberRecord;
  /** Owners of the existing homes, by account name. */
  readonly homeOwners: ReadonlyMap<string, number>;
}

/** Ids by name, and a sentence for each account that cannot get one. */
export interface UidPlan {
  readonly uids: ReadonlyMap<string, number>;
  readonly problems: readonly string[];
}

/**
 * Chooses the id of each requested account, in this order of precedence: the id in the request, the account's current id,
 * the owner of its home, the id in the record, and the lowest free id from 1000 up (for system accounts the highest from
 * 999 down). No two accounts get the same id.
 */
export function planUids(requests: readonly AccountRequest[], context: UidContext): UidPlan {
  // The first of two rows with the same name counts (getpwnam(3)).
  const rows = rowsOf(context.passwd).reverse();
  const uids = new Map(rows.map(([name = '', , uid]) => [name, Number(uid)]));
  const isTaken = (uid: number) => [...uids.values()].includes(uid);
  const problems = claimExplicit(requests, uids);
  const open = requests.filter(({ name, uid }) => uid === undefined && !uids.has(name));
  const keep = (ids: ReadonlyMap<string, number>) => {
    for (const { name } of open) {
      const uid = ids.get(name);
      // A home that belongs to root would make its account root.
      const usable = uid !== undefined && uid >= RANGE.system && uid < RANGE.end;
      if (usable && !uids.has(name) && !isTaken(uid)) uids.set(name, uid);
    }
  };
  keep(context.homeOwners);
  keep(context.record.uids);
  const reserved = reservedIds(context);
  for (const { name, system } of open) {
    if (uids.has(name)) continue;
    const gid = Number(findRow(context.group, name)?.[2] ?? -1);
    const free = candidates({ system }).find((id) => !isTaken(id) && (id === gid || !reserved.has(id)));
    if (free === undefined) problems.push(`no uid is free for ${name}`);
    else uids.set(name, free);
  }
  const wanted = requests.flatMap(({ name, uid }): [string, number][] => {
    const planned = uids.get(name);
    return planned === undefined || (uid !== undefined && uid !== planned) ? [] : [[name, planned]];
  });
  return { uids: new Map(wanted), problems };
}

/**
 * Assigns the ids that requests name. An account that changes its id may free one that another account needs, so this
 * repeats until no account changes; a second run over the result then finds nothing to do.
 */
function claimExplicit(requests: readonly AccountRequest[], uids: Map<string, number>): string[] {
  const ownerOf = (uid: number) => [...uids].find(([, other]) => other === uid)?.[0];
  let waiting = requests.filter(({ uid }) => uid !== undefined);
  for (let before = -1; before !== waiting.length; ) {
    before = waiting.length;
    waiting = waiting.filter(({ name, uid }) => {
      if (uid === undefined || uids.get(name) === uid) return false;
      if (ownerOf(uid) !== undefined) return true;
      uids.set(name, uid);
      return false;
    });
  }
  return waiting.map(
    ({ name, uid = 0 }) => `${name} cannot have the uid ${uid}: it belongs to ${ownerOf(uid)}`,
  );
}

/** Ids that a new account does not take, so that its own group can have the same number. */
function reservedIds({ group, passwd, record, homeOwners }: UidContext): ReadonlySet<number> {
  return new Set([
    ...rowsOf(group).map(([, , gid]) => Number(gid)),
    ...rowsOf(passwd).map(([, , , gid]) => Number(gid)),
    ...record.uids.values(),
    ...record.gids.values(),
    ...homeOwners.values(),
  ]);
}

function candidates({ system }: { readonly system: boolean }): number[] {
  return system
    ? Array.from({ length: RANGE.regular - RANGE.system }, (_, index) => RANGE.regular - 1 - index)
    : Array.from({ length: RANGE.end - RANGE.regular }, (_, index) => RANGE.regular + index);
}
