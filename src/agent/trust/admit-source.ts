import type { Host } from '../../common/host/host.ts';
import type { Source } from '../../common/oci/layers/source.ts';
import { parsePlatform } from '../../common/oci/registry/platform.ts';
import { openRegistry } from '../../common/oci/registry/registry.ts';
import { registryReader } from '../../common/oci/registry/registry-reader.ts';
import type { RegistryReader } from '../../common/oci/registry/repository-reader.ts';
import { loadPolicy, TRUST_DIRECTORY, type TrustPolicy } from '../../common/trust/policy.ts';
import { type ImageToVerify, verifyImage } from '../../common/trust/verify-image.ts';
import { requireLocalSource } from './local-source.ts';

declare const admitted: unique symbol;

/** A source that may be brought onto this node. Only {@link admitSource} makes one. */
export type AdmittedSource = Source & { readonly [admitted]: true };

/** How a source is admitted. */
export interface AdmitOptions {
  /** Skip the trust policy, with a warning in the log. */
  readonly skip?: boolean | undefined;
  /** Allow a registry without TLS. */
  readonly insecure?: boolean | undefined;
  /** Platform of the image, such as `linux/arm64`; this machine's by default. */
  readonly platform?: string | undefined;
  /** Pin the digest even where no policy applies: for a system, whose image is read more than once. */
  readonly pin?: boolean;
  /** A policy to satisfy in addition to the node's: the key that the configuration names. */
  readonly also?: TrustPolicy | undefined;
}

/**
 * Decides whether an image may be brought onto this node: everything that comes from a registry, whatever it is for, passes
 * through here (docs/contract.md 5.6). The digest of a verified image is pinned, so that the image pulled later is the same one
 * even if the tag moves. Local sources are not verified.
 * @throws FactoryError `verification` when the policy rejects the image, `usage` for a local source that does not exist or is of
 * another kind
 */
export async function admitSource(
  host: Host,
  source: Source,
  options: AdmitOptions = {},
): Promise<AdmittedSource> {
  if (source.kind !== 'oci') {
    await requireLocalSource(host, source);
    return source as AdmittedSource;
  }
  const policy = await loadPolicy(host);
  const policies = [policy, options.also].filter((each) => each !== undefined);
  if (policy === undefined) {
    const line = `this node has no trust policy (${TRUST_DIRECTORY}): signatures are not verified`;
    host.log(options.pin ? 'warn' : 'info', line);
    if (policies.length === 0 && !options.pin) return source as AdmittedSource;
  }
  const registry = openRegistry(host, source.reference, { insecure: options.insecure ?? false });
  const { digest, indexDigest } = await registry.resolveManifest(
    parsePlatform(options.platform || host.arch),
  );
  if (policies.length > 0 && options.skip) {
    host.log('warn', `THE SIGNATURE OF ${digest} IS NOT VERIFIED, because of --insecure-skip-verify`);
  } else {
    const { registry: name, repository } = source.reference;
    const digests: [string, ...string[]] = indexDigest === undefined ? [digest] : [indexDigest, digest];
    const image = { registry: name, repository, digests };
    for (const each of policies) await verify(host, registryReader(registry), { image, policy: each });
  }
  return { kind: 'oci', reference: { ...source.reference, digest } } as AdmittedSource;
}

async function verify(
  host: Host,
  registry: RegistryReader,
  { image, policy }: { readonly image: ImageToVerify; readonly policy: TrustPolicy },
): Promise<void> {
  const { digest, signatures, unsigned } = await verifyImage(registry, image, policy);
  if (unsigned === undefined) {
    host.log('info', `${digest} is signed by ${signatures.map(({ key }) => key).join(', ')}, as required`);
  } else {
    const name = `${image.registry}/${image.repository}@${digest}`;
    host.log('warn', `${name} is accepted without a signature, because ${unsigned} allows it`);
  }
}
