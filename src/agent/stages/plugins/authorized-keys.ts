import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';
import { addAuthorizedKeys } from '../../accounts/authorized-keys.ts';
import type { Plugin } from '../plugin.ts';

/**
 * `authorized_keys`: adds SSH keys by user. A failure for one user does not affect the others.
 *
 * @throws FactoryError `step` at the end, listing the failures
 */
export const authorizedKeysPlugin: Plugin<'authorized_keys'> = {
  key: 'authorized_keys',
  run: async ({ host }, users) => {
    const failures: string[] = [];
    for (const [user, keys] of Object.entries(users)) {
      await addAuthorizedKeys(host, user, keys).catch((error) => failures.push(messageOf(error)));
    }
    if (failures.length === 0) return;
    throw new FactoryError('ACCOUNT_FAILED', failures.join('; '), {
      remedy: 'Check the names of users and keys, and add keys from the network in the stage "network".',
    });
  },
};
