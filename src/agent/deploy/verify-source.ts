import type { Host } from '../../common/host/host.ts';
import type { Source } from '../../common/oci/layers/source.ts';
import { parsePlatform } from '../../common/oci/registry/platform.ts';
import { openRegistry } from '../../common/oci/registry/registry.ts';
import { registryReader } from '../../common/oci/registry/registry-reader.ts';
import { loadPolicy, TRUST_DIRECTORY } from '../../common/trust/policy.ts';
import { verifyImage } from '../../common/trust/verify-image.ts';

/** How a source is verified. */
export interface VerifyOptions {
  /** Skip the trust policy, with a warning in the log. */
  readonly skip: boolean;
  /** Allow a registry without TLS. */
  readonly insecure: boolean;
}

/**
 * Verifies a registry image against the node's trust policy and pins its digest, so that the image pulled later is the
 * verified one even if the tag moves. Local sources are not verified.
 * @throws FactoryError `verification` when the policy rejects the image
 */
export async function verifySource(host: Host, source: Source, options: VerifyOptions): Promise<Source> {
  if (source.kind !== 'oci') return source;
  const registry = openRegistry(host, source.reference, { insecure: options.insecure });
  const { digest, indexDigest } = await registry.resolveManifest(parsePlatform(host.arch));
  const pinned: Source = { kind: 'oci', reference: { ...source.reference, digest } };
  const policy = await loadPolicy(host);
  if (policy === undefined) {
    host.log('warn', `this node has no trust policy (${TRUST_DIRECTORY}): signatures are not verified`);
    return pinned;
  }
  if (options.skip) {
    host.log('warn', `THE SIGNATURE OF ${digest} IS NOT VERIFIED, because of --insecure-skip-verify`);
    return pinned;
  }
  const { registry: name, repository } = source.reference;
  const digests: [string, ...string[]] = indexDigest === undefined ? [digest] : [indexDigest, digest];
  const verified = await verifyImage(
    registryReader(registry),
    { registry: name, repository, digests },
    policy,
  );
  const keys = verified.signatures.map(({ key }) => key).join(', ');
  host.log('info', `${verified.digest} is signed by ${keys}, as the trust policy requires`);
  return pinned;
}
