import { findRow, rowsOf, setRow } from './account-table.ts';
import type { NumberRecord } from './number-record.ts';

/** Groups with a fixed gid (docs/contract.md 3.4). */
const FIXED: ReadonlyMap<string, number> = new Map([['admin', 900]]);
/** System groups are numbered from here down (groupadd(8), `--system`). */
const HIGHEST = 999;

/** The contents of the account files. */
export interface Tables {
  readonly passwd: string;
  readonly shadow: string | undefined;
  readonly group: string;
  /** Absent on systems without group passwords. */
  readonly gshadow: string | undefined;
}

/** The account files and the record of ids, as planned so far. */
export interface AccountDraft {
  readonly tables: Tables;
  readonly record: NumberRecord;
}

/** A draft that contains a certain group, and the gid of that group. */
export interface GroupPlan extends AccountDraft {
  readonly gid: number;
}

/** Adds a group unless it exists; a new one gets the preferred gid when that is free. */
export function ensureGroup(draft: AccountDraft, name: string, preferred = FIXED.get(name)): GroupPlan {
  const { tables, record } = draft;
  const existing = findRow(tables.group, name)?.[2];
  if (existing !== undefined) return { tables, record, gid: Number(existing) };
  const gid = freeGid(draft, name, preferred);
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

/** Adds an account to an existing group in group(5), and in gshadow(5) where the group has a row. */
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

function freeGid({ tables, record }: AccountDraft, name: string, preferred: number | undefined): number {
  const recorded = record.gids.get(name);
  const taken = new Set([
    ...rowsOf(tables.group).map(([, , gid]) => Number(gid)),
    // The primary group of an account may have no row.
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
