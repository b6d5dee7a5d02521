import type { User } from '../../../common/cloud-config/step-schema.ts';
import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import type { Host } from '../../../common/host/host.ts';
import { updateAccounts } from '../../accounts/account-files.ts';
import { type AccountRequest, accountRequest } from '../../accounts/account-request.ts';
import { findRow } from '../../accounts/account-table.ts';
import { addAuthorizedKeys } from '../../accounts/authorized-keys.ts';
import { ensureHome, residentOf } from '../../accounts/home.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `users` (docs/contract.md 4.3): creates or updates accounts without useradd, which images may lack, and with ids that stay
 * the same (docs/contract.md 2.6). A failure for one account does not affect the others.
 *
 * @throws FactoryError `step` at the end, listing the failures
 */
export const usersPlugin: Plugin<'users'> = {
  key: 'users',
  run: async ({ host }, users) => {
    const failures: string[] = [];
    const requests = Object.entries(users).flatMap(([name, user]) => {
      try {
        return [accountRequest(name, user)];
      } catch (error) {
        failures.push(messageOf(error));
        return [];
      }
    });
    const before = (await host.readText('/etc/passwd')) ?? '';
    const { tables, problems } = await updateAccounts(host, requests);
    failures.push(...problems);
    for (const request of requests) {
      const user = users[request.name];
      const row = findRow(tables.passwd, request.name);
      if (user === undefined || row === undefined) continue;
      await addHomeAndKeys(host, request, {
        user,
        row,
        isNew: findRow(before, request.name) === undefined,
      }).catch((error) => failures.push(messageOf(error)));
    }
    if (failures.length === 0) return;
    throw new FactoryError('ACCOUNT_FAILED', failures.join('; '), {
      remedy: 'Correct the entries under "users".',
    });
  },
};

/** Ids below are those of the system (login.defs(5), UID_MIN); the other one is that of nobody. */
const FIRST_UID = 1000;
const NOBODY = 65534;

/**
 * Adds the home of an account and its SSH keys. A new system account gets a home only on request (useradd(8)), one that exists
 * never: its home, such as `/run/sshd`, belongs to a service and keeps its owner and mode.
 */
async function addHomeAndKeys(
  host: Host,
  request: AccountRequest,
  { user, row, isNew }: { readonly user: User; readonly row: readonly string[]; readonly isNew: boolean },
): Promise<void> {
  const uid = Number(row[2]);
  const isSystem = request.system || uid < FIRST_UID || uid === NOBODY;
  const wantsHome = !user.no_create_home && (!isSystem || (isNew && request.home !== undefined));
  if (wantsHome) await ensureHome(host, residentOf(row));
  const keys = user.ssh_authorized_keys ?? [];
  if (keys.length > 0) await addAuthorizedKeys(host, request.name, keys);
}
