import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import type { TrustPolicy } from '../../common/trust/policy.ts';
import { parsePublicKey } from '../../common/trust/public-key.ts';

/** Values that switch a key off, whatever type they were written as. */
const OFF: readonly unknown[] = [undefined, null, false, 'false', 'no', 'off', ''];

/**
 * Returns the policy that upstream's keys `cosign` and `cosign-key` ask for: the system must be signed by that key, in addition
 * to what the node's own policy demands (docs/contract.md 5.6).
 * @throws FactoryError `verification` when the key is missing or cannot be used, because the administrator wants a check
 */
export async function configuredKey(
  host: Host,
  config: Readonly<Record<string, unknown>>,
): Promise<TrustPolicy | undefined> {
  const { cosign, 'cosign-key': key } = config;
  if (OFF.includes(cosign) && (cosign !== undefined || OFF.includes(key))) return undefined;
  const place = typeof key === 'string' ? key.replace(/^file:\/\//, '') : '';
  if (!place.startsWith('/')) {
    throw unusable(
      place === '' ? 'cosign is set without cosign-key' : `cosign-key is ${place}, not the path of a file`,
    );
  }
  const text = await host.readText(place);
  if (text === undefined) throw unusable(`cosign-key: ${place} does not exist`);
  try {
    const trusted = parsePublicKey(place, text);
    return { rules: [{ match: '**', keys: [trusted], threshold: 1, place: 'cosign-key' }] };
  } catch (error) {
    throw unusable(`cosign-key: ${place} ${messageOf(error)}`);
  }
}

function unusable(problem: string): FactoryError {
  return new FactoryError('TRUST_POLICY_UNUSABLE', problem, {
    remedy: 'Set cosign-key to the absolute path of a public key in PEM; certificates cannot be verified.',
  });
}
