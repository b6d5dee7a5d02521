import { resolve } from 'node:path';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { TrustRule } from '../../common/trust/policy.ts';
import { loadSigners } from '../config/load-signers.ts';
import { isKeyFile } from '../config/signing.ts';
import {
  askCosign,
  loadVerifyPolicy,
  policyOf,
  type VerifyPolicy,
} from '../deliver/publish/verify-policy.ts';
import type { Runner } from '../tools/runner.ts';

/** The flags of `verify` that say who must have signed. */
export interface SignerOptions {
  readonly policy?: string | undefined;
  readonly key?: string[] | undefined;
  readonly identity?: string | undefined;
  readonly issuer?: string | undefined;
  readonly trustedRoot?: string | undefined;
  readonly attestation?: string[] | undefined;
}

/** The policy that the flags ask for. @throws FactoryError `usage` when they name nobody, or contradict each other */
export async function policyFrom(options: SignerOptions, runner: Runner): Promise<VerifyPolicy> {
  const { policy, key = [], identity, issuer, trustedRoot, attestation = [] } = options;
  if (policy !== undefined) {
    const others = [key.length > 0, identity, issuer, trustedRoot, attestation.length > 0].some(Boolean);
    if (!others) return loadVerifyPolicy(resolve(policy), runner);
    throw new FactoryError('OPTION_CONFLICT', '--policy says everything, so no other signer can be given', {
      remedy: 'Put it into the policy.',
    });
  }
  checkIdentity(options);
  if (key.length === 0 && identity === undefined) {
    throw new FactoryError('SIGNER_MISSING', 'nothing says who must have signed', {
      remedy: 'Give --policy, --key, or --identity and --issuer.',
    });
  }
  const signers = {
    keys: key.map((each) => (isKeyFile(each) ? resolve(each) : each)),
    identities: identity === undefined || issuer === undefined ? [] : [{ identity, issuer }],
    'trusted-root': trustedRoot === undefined ? undefined : resolve(trustedRoot),
    threshold: 1,
  };
  return policyOf(await loadSigners('the command line', signers, askCosign(runner)), attestation);
}

function checkIdentity({ identity, issuer, trustedRoot }: SignerOptions): void {
  if ((identity === undefined) !== (issuer === undefined)) {
    throw new FactoryError('OPTION_MISSING', 'an identity is a subject and its issuer', {
      remedy: 'Give --identity and --issuer.',
    });
  }
  if (identity === undefined || trustedRoot !== undefined) return;
  throw new FactoryError(
    'OPTION_MISSING',
    'an identity can be verified only with a trusted root, a file that says which authorities and logs count',
    {
      remedy:
        'Give --trusted-root FILE; that of the public instance is trusted_root.json of its TUF repository (docs/signing.md).',
    },
  );
}

/** Who may have signed files. @throws FactoryError `usage` for the policy of a node, which is about images only */
export function fileSigners({ signers }: VerifyPolicy): TrustRule {
  if (signers !== undefined) return signers;
  throw new FactoryError(
    'SIGNER_MISSING',
    'the policy of a node speaks for images of registries, not for files',
    { remedy: 'Give --key, or a policy file of the form in docs/signing.md.' },
  );
}
