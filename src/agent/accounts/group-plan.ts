import { findRow, rowsOf, setRow } from './account-table.ts';
import type { NumberRecord } from './number-record.ts';

/** Numbers that a group has everywhere (docs/contract.md 3.4). */
const FIXED: ReadonlyMap<string, number> = new Map([['admin', 900]]);
/** System groups are counted down from here (groupadd(8), `--system`). */
const HIGHEST = 999;

/** The tables that a plan changes. */
export interface Tables {
  readonly passwd: string;
  readonly shadow: string | undefined;
  readonly group: string;
  /** Systems without group passwords have no such file. */
  readonly gshadow: string | undefined;
}

/** Tables with a group that is there for sure, its number, and the record with it. */
export interface GroupPlan {
  readonly tables: Tables;
  readonly record: NumberRecord;
  readonly gid: number;
}

/** Makes sure that there is a group; a new one gets the preferred number when it is free. */
export function ensureGroup(
  tables: Tables,
  record: NumberRecord,
  name: string,
  preferred = FIXED.get(name),
): GroupPlan {
  const there = findRow(tables.group, name)?.[2];
  if (there !== undefined) return { tables, record, gid: Number(there) };
  const gid = freeGid(tables, record, name, preferred);
  const { gshadow } = tables;
  return {
    tables: {
      ...tables,
      group: setRow(tables.group, [name, 'x', String(gid), '']),
      gshadow: gshadow === undefined ? undefined : setRow(gshadow, [name, '!', '', '']),
    },
    record: { ...record, gids: new Map(record.gids).set(name, gid) },
    gid,
  };
}

/** Puts an account into a group that is there: group(5), and gshadow(5) where the group has a row in it. */
export function addMember(tables: Tables, group: string, user: string): Tables {
  const { gshadow } = tables;
  return {
    ...tables,
    group: withMember(tables.group, group, user),
    gshadow: gshadow === undefined ? undefined : withMember(gshadow, group, user),
  };
}

/** Members are the fourth field in both tables. */
function withMember(table: string, group: string, user: string): string {
  const row = findRow(table, group);
  const members = row?.[3]?.split(',').filter((name) => name !== '') ?? [];
  if (row === undefined || members.includes(user)) return table;
  return setRow(table, [...row.slice(0, 3), [...members, user].join(',')]);
}

function freeGid(tables: Tables, record: NumberRecord, name: string, preferred: number | undefined): number {
  const recorded = record.gids.get(name);
  const taken = new Set([
    ...rowsOf(tables.group).map(([, , gid]) => Number(gid)),
    // An account may have a primary group without a row.
    ...rowsOf(tables.passwd).map(([, , , gid]) => Number(gid)),
  ]);
  for (const gid of [recorded, preferred]) {
    if (gid !== undefined && !taken.has(gid)) return gid;
  }
  const reserved = new Set([...taken, ...record.gids.values(), ...record.uids.values(), ...FIXED.values()]);
  let gid = HIGHEST;
  while (reserved.has(gid)) gid--;
  return gid;
}
