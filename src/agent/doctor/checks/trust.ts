import { loadPolicy, TRUST_DIRECTORY } from '../../../common/trust/policy.ts';
import { configuredKey } from '../../trust/configured-key.ts';
import { type Check, ok } from '../check.ts';

/** The trust policy, and the key of the configuration, can be used. Without a policy, signatures are not verified. */
export const trustCheck: Check = {
  id: 'trust',
  on: 'any',
  run: async ({ host, config }) => {
    // Both throw an error with its remedy when a file is damaged or missing.
    const policy = await loadPolicy(host);
    const key = await configuredKey(host, (await config()).data);
    const own =
      policy === undefined
        ? `no policy in ${TRUST_DIRECTORY}: signatures are not verified`
        : `the policy in ${TRUST_DIRECTORY} can be used`;
    return [ok(key === undefined ? own : `${own}; cosign-key can be used`)];
  },
};
