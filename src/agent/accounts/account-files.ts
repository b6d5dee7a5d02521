import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import type { AccountRequest } from './account-request.ts';
import type { Tables } from './group-plan.ts';
import { formatNumberRecord, type NumberRecord, parseNumberRecord } from './number-record.ts';
import { type AccountPlan, homeOf, planUsers } from './plan-users.ts';
import { newSalt } from './sha512-crypt.ts';
import { writeTable } from './table-file.ts';

/** Keeps ids across boots and upgrades, on COS_PERSISTENT (docs/contract.md 2.6). */
const RECORD = NODE_PATH.userRecord;
const SHELLS = { preferred: '/bin/bash', always: '/bin/sh' };

/**
 * Creates or updates accounts of the machine without external programs: it plans the new content from the old and
 * replaces each file atomically, keeping its mode and owner. Groups are written first and passwd last, so that no account
 * appears before its groups and password.
 *
 * @returns the new tables, and a sentence for each account that could not be created
 */
export async function updateAccounts(host: Host, requests: readonly AccountRequest[]): Promise<AccountPlan> {
  const before = await readTables(host);
  const record = parseNumberRecord(await host.readText(RECORD));
  const hasBash = (await host.stat(SHELLS.preferred)) !== undefined;
  const plan = planUsers(before, requests, {
    record,
    homeOwners: await homeOwners(host, requests),
    defaultShell: hasBash ? SHELLS.preferred : SHELLS.always,
    salt: newSalt,
  });
  const { passwd, shadow, group, gshadow } = plan.tables;
  await writeTable(host, '/etc/group', { before: before.group, after: group });
  if (gshadow !== undefined)
    await writeTable(host, '/etc/gshadow', { before: before.gshadow, after: gshadow });
  if (shadow !== undefined) await writeTable(host, '/etc/shadow', { before: before.shadow, after: shadow });
  await writeTable(host, '/etc/passwd', { before: before.passwd, after: passwd });
  await keepRecord(host, record, plan.record);
  return plan;
}

async function readTables(host: Host): Promise<Tables> {
  const [passwd = '', shadow, group = '', gshadow] = await Promise.all(
    ['/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow'].map((file) => host.readText(file)),
  );
  return { passwd, shadow, group, gshadow };
}

/** The owners of the directories in /home and of the homes that the requests name, by account. */
async function homeOwners(host: Host, requests: readonly AccountRequest[]): Promise<Map<string, number>> {
  const homes = new Map((await host.list('/home')).map((name) => [name, homeOf(name)]));
  for (const { name, home } of requests) if (home !== undefined) homes.set(name, home);
  const owners = await Promise.all(
    [...homes].map(async ([name, home]): Promise<[string, number][]> => {
      const stat = await host.stat(home, { follow: false });
      return stat?.kind === 'directory' ? [[name, stat.uid]] : [];
    }),
  );
  return new Map(owners.flat());
}

/** Saves the record. Without a writable /usr/local, as on a live system, ids last until the next boot. */
async function keepRecord(host: Host, before: NumberRecord, after: NumberRecord): Promise<void> {
  const text = formatNumberRecord(after);
  if (text === formatNumberRecord(before)) return;
  await host.write(RECORD, text, { mode: 0o600 }).catch((error) => {
    host.log('debug', `the ids of users cannot be saved: ${messageOf(error)}`);
  });
}
