import type { Host } from '../../common/host/host.ts';
import type { Source } from '../../common/oci/layers/source.ts';
import { parsePlatform } from '../../common/oci/registry/platform.ts';
import { openRegistry } from '../../common/oci/registry/registry.ts';
import { registryReader } from '../../common/oci/registry/registry-reader.ts';
import { loadPolicy, TRUST_DIRECTORY } from '../../common/trust/policy.ts';
import { verifyImage } from '../../common/trust/verify-image.ts';

/** How a source is verified. */
export interface VerifyOptions {
  /** Do not ask the policy; the log says so. */
  readonly skip: boolean;
  /** The registry may go without TLS. */
  readonly insecure: boolean;
}

/**
 * Asks the node's trust policy about an image of a registry, and pins its digest: what is pulled afterwards is what was
 * verified, whatever the tag says by then. Sources on the machine itself are its owner's own business.
 * @throws FactoryError `verification` when the policy does not let the image pass
 */
export async function verifySource(host: Host, source: Source, options: VerifyOptions): Promise<Source> {
  if (source.kind !== 'oci') return source;
  const registry = openRegistry(host, source.reference, { insecure: options.insecure });
  const { digest, indexDigest } = await registry.resolveManifest(parsePlatform(host.arch));
  const pinned: Source = { kind: 'oci', reference: { ...source.reference, digest } };
  const policy = await loadPolicy(host);
  if (policy === undefined) {
    host.log('warn', `this node has no trust policy (${TRUST_DIRECTORY}): nobody's signature is asked for`);
    return pinned;
  }
  if (options.skip) {
    host.log('warn', `THE SIGNATURE OF ${digest} IS NOT VERIFIED, as --insecure-skip-verify asks`);
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
  host.log('info', `${verified.digest} is signed by ${keys}, as the trust policy asks`);
  return pinned;
}
