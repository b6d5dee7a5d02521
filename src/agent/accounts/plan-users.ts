import type { AccountRequest } from './account-request.ts';
import { findRow, setRow } from './account-table.ts';
import { type AccountDraft, addMember, ensureGroup, type GroupPlan, type Tables } from './group-plan.ts';
import type { NumberRecord } from './number-record.ts';
import { passwordField } from './password-field.ts';
import { planUids } from './uid-plan.ts';

/** What a plan depends on, apart from the tables and the requests. */
export interface PlanContext {
  readonly record: NumberRecord;
  /** Owners of the existing homes, by account name. */
  readonly homeOwners: ReadonlyMap<string, number>;
  readonly defaultShell: string;
  /** Generates the salt of a new hash. */
  readonly salt: () => string;
}

/** The planned contents of the account files. */
export interface AccountPlan {
  readonly tables: Tables;
  readonly record: NumberRecord;
  /** A sentence for each account that was left out. */
  readonly problems: readonly string[];
}

/**
 * Creates or updates accounts in the tables: sorted by name, with ids that stay the same across boots
 * (docs/contract.md 2.6). Rows of other accounts, and fields that a request does not mention, stay unchanged. The
 * operation is idempotent.
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
  // All accounts come first: each one's own group claims its gid before other groups look for free ones.
  const accounts = possible.reduce<AccountDraft>((draft, account) => withAccount(draft, account, context), {
    tables: { ...current, shadow: current.shadow ?? '' },
    record: context.record,
  });
  return { ...possible.reduce((draft, { request }) => withGroups(draft, request), accounts), problems };
}

/** A request and the uid that the account gets. */
interface NumberedAccount {
  readonly request: AccountRequest;
  readonly uid: number;
}

/** The draft with the rows of one account and with its primary group. */
function withAccount(
  draft: AccountDraft,
  { request, uid }: NumberedAccount,
  context: PlanContext,
): AccountDraft {
  const { name } = request;
  const old = findRow(draft.tables.passwd, name);
  const group = primaryGroup(draft, { request, uid }, old?.[3]);
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
      shadow: withPassword(group.tables.shadow ?? '', request, { inPasswd: password, salt: context.salt }),
    },
    record: isNew ? { ...group.record, uids: new Map(group.record.uids).set(name, uid) } : group.record,
  };
}

/** The requested group, or else the current one, or else a group of the account's own name with gid = uid. */
function primaryGroup(
  draft: AccountDraft,
  { request: { name, primaryGroup: wanted }, uid }: NumberedAccount,
  current = '',
): GroupPlan {
  if (wanted !== undefined && /^\d+$/.test(wanted)) return { ...draft, gid: Number(wanted) };
  if (wanted !== undefined) return ensureGroup(draft, wanted);
  if (/^\d+$/.test(current)) return { ...draft, gid: Number(current) };
  return ensureGroup(draft, name, uid);
}

interface PasswordContext {
  /** The password field of passwd(5), which counts unless it is `x`. */
  readonly inPasswd: string;
  readonly salt: () => string;
}

/** shadow(5) with the password of an account. */
function withPassword(shadow: string, request: AccountRequest, { inPasswd, salt }: PasswordContext): string {
  const row = findRow(shadow, request.name);
  const current = inPasswd === 'x' ? row?.[1] : inPasswd;
  const field = passwordField(request, current, salt);
  if (row === undefined) return setRow(shadow, [request.name, field, '', '', '', '', '', '', '']);
  if (row[1] === field) return shadow;
  // An empty date disables ageing (shadow(5)): the clock may not be set yet, and day 0 would force a password change.
  return setRow(shadow, [request.name, field, '', ...row.slice(3)]);
}

function withGroups(draft: AccountDraft, { name, groups }: AccountRequest): AccountDraft {
  return groups.reduce((before, group) => {
    const { tables, record } = ensureGroup(before, group);
    return { tables: addMember(tables, group, name), record };
  }, draft);
}

/** The default home of an account (useradd(8)). */
export function homeOf(name: string): string {
  return `/home/${name}`;
}
