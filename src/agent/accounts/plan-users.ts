import type { AccountRequest } from './account-request.ts';
import { findRow, setRow } from './account-table.ts';
import { addMember, ensureGroup, type Tables } from './group-plan.ts';
import type { NumberRecord } from './number-record.ts';
import { passwordField } from './password-field.ts';
import { planUids } from './uid-plan.ts';

/** What a plan depends on besides the tables and the requests. */
export interface PlanContext {
  readonly record: NumberRecord;
  /** Owners of the homes that are there, by the name of the account. */
  readonly homeOwners: ReadonlyMap<string, number>;
  readonly defaultShell: string;
  /** Makes the salt of a new hash. */
  readonly salt: () => string;
}

/** What the account files become. */
export interface AccountPlan {
  readonly tables: Tables;
  readonly record: NumberRecord;
  /** A sentence for each account that was left out. */
  readonly problems: readonly string[];
}

interface Draft {
  readonly tables: Tables;
  readonly record: NumberRecord;
}

/**
 * Creates or updates accounts in the tables: sorted by name, with ids that stay the same over boots
 * (docs/contract.md 2.6). Rows of others, and what a request does not mention, stay as they are; done twice, it changes
 * nothing more.
 */
export function planUsers(
  current: Tables,
  requests: readonly AccountRequest[],
  context: PlanContext,
): AccountPlan {
  const sorted = requests.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  const { uids, problems } = planUids(sorted, { ...current, ...context });
  const possible = sorted.flatMap((request) => {
    const uid = uids.get(request.name);
    return uid === undefined ? [] : [{ request, uid }];
  });
  // All accounts first: the group of each has its number before other groups look for free ones.
  const accounts = possible.reduce<Draft>(
    (draft, { request, uid }) => withAccount(draft, request, uid, context),
    {
      tables: { ...current, shadow: current.shadow ?? '' },
      record: context.record,
    },
  );
  return { ...possible.reduce((draft, { request }) => withGroups(draft, request), accounts), problems };
}

/** The draft with the rows of one account, and with its primary group. */
function withAccount(draft: Draft, request: AccountRequest, uid: number, context: PlanContext): Draft {
  const { name } = request;
  const old = findRow(draft.tables.passwd, name);
  const group = primaryGroup(draft, request, uid, old);
  const [, password = 'x', , , gecos = '', home = homeOf(name), shell = context.defaultShell] = old ?? [];
  const row = [
    name,
    'x',
    String(uid),
    String(group.gid),
    request.gecos ?? gecos,
    request.home ?? home,
    request.shell ?? shell,
  ];
  const isNew = old === undefined && request.uid === undefined;
  return {
    tables: {
      ...group.tables,
      passwd: setRow(group.tables.passwd, row),
      shadow: withPassword(group.tables.shadow ?? '', request, password, context.salt),
    },
    record: isNew ? { ...group.record, uids: new Map(group.record.uids).set(name, uid) } : group.record,
  };
}

/** The one that is asked for, else the one that the account has, else one of its own with the same number. */
function primaryGroup(
  draft: Draft,
  { name, primaryGroup: wanted }: AccountRequest,
  uid: number,
  old: readonly string[] | undefined,
): Draft & { readonly gid: number } {
  if (wanted !== undefined && /^\d+$/.test(wanted)) return { ...draft, gid: Number(wanted) };
  if (wanted !== undefined) return ensureGroup(draft.tables, draft.record, wanted);
  if (/^\d+$/.test(old?.[3] ?? '')) return { ...draft, gid: Number(old?.[3]) };
  return ensureGroup(draft.tables, draft.record, name, uid);
}

/** shadow(5) with the password of an account; `inPasswd` is the field of passwd(5), which counts unless it is `x`. */
function withPassword(shadow: string, request: AccountRequest, inPasswd: string, salt: () => string): string {
  const row = findRow(shadow, request.name);
  const current = inPasswd === 'x' ? row?.[1] : inPasswd;
  const field = passwordField(request, current, salt);
  if (row === undefined) return setRow(shadow, [request.name, field, '', '', '', '', '', '', '']);
  if (row[1] === field) return shadow;
  // No date of the change, so no ageing (shadow(5)): the clock may not be set yet, and day 0 would force a new password.
  return setRow(shadow, [request.name, field, '', ...row.slice(3)]);
}

function withGroups(draft: Draft, { name, groups }: AccountRequest): Draft {
  return groups.reduce((before, group) => {
    const { tables, record } = ensureGroup(before.tables, before.record, group);
    return { tables: addMember(tables, group, name), record };
  }, draft);
}

/** Where the home of an account is by default (useradd(8)). */
export function homeOf(name: string): string {
  return `/home/${name}`;
}
