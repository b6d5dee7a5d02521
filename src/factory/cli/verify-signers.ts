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
import { parseEvents } from '../prove/life.ts';
import type { Runner } from '../tools/runner.ts';

/** The flags of `verify` for the required signers. */
export interface SignerOptions {
  readonly policy?: string | undefined;
  readonly key?: string[] | undefined;
  readonly identity?: string | undefined;
  readonly issuer?: string | undefined;
  readonly trustedRoot?: string | undefined;
  readonly attestation?: string[] | undefined;
  readonly requireProof?: string | undefined;
}

/** Builds the policy from the flags. @throws FactoryError `usage` when they contain no signer, or contradict each other */
export async function policyFrom(options: SignerOptions, runner: Runner): Promise<VerifyPolicy> {
  const { policy, key = [], identity, issuer, trustedRoot, attestation = [] } = options;
  const requireProof =
    options.requireProof === undefined ? [] : parseEvents('--require-proof', options.requireProof);
  if (policy !== undefined) {
    const lists = [key, attestation, requireProof].some(({ length }) => length > 0);
    const others = lists || [identity, issuer, trustedRoot].some(Boolean);
    if (!others) return loadVerifyPolicy(resolve(policy), runner);
    throw new FactoryError(
      'OPTION_CONFLICT',
      '--policy cannot be combined with other signers, attestations or proofs',
      {
        remedy: 'Add them to the policy.',
      },
    );
  }
  checkIdentity(options);
  if (key.length === 0 && identity === undefined) {
    throw new FactoryError('SIGNER_MISSING', 'no signer is given', {
      remedy: 'Give --policy, --key, or --identity and --issuer.',
    });
  }
  const signers = {
    keys: key.map((each) => (isKeyFile(each) ? resolve(each) : each)),
    identities: identity === undefined || issuer === undefined ? [] : [{ identity, issuer }],
    'trusted-root': trustedRoot === undefined ? undefined : resolve(trustedRoot),
    threshold: 1,
  };
  const loaded = await loadSigners('the command line', signers, askCosign(runner));
  return policyOf(loaded, { attestations: attestation, requireProof });
}

function checkIdentity({ identity, issuer, trustedRoot }: SignerOptions): void {
  if ((identity === undefined) !== (issuer === undefined)) {
    throw new FactoryError('OPTION_MISSING', 'an identity needs a subject and an issuer', {
      remedy: 'Give --identity and --issuer.',
    });
  }
  if (identity === undefined || trustedRoot !== undefined) return;
  throw new FactoryError(
    'OPTION_MISSING',
    'verifying an identity needs a trusted root: a file with the trusted authorities and logs',
    {
      remedy:
        'Give --trusted-root FILE; for the public instance, use trusted_root.json from its TUF repository (docs/signing.md).',
    },
  );
}

/** Returns the accepted signers of files. @throws FactoryError `usage` for the policy of a node, which is for images only */
export function fileSigners({ signers }: VerifyPolicy): TrustRule {
  if (signers !== undefined) return signers;
  throw new FactoryError(
    'SIGNER_MISSING',
    'the policy of a node applies to images in registries, not to files',
    { remedy: 'Give --key, or a policy file as described in docs/signing.md.' },
  );
}
