import { FactoryError } from '../../common/errors/factory-error.ts';
import { digestOf, expectDigest } from '../../common/files/digest.ts';
import type { Host } from '../../common/host/host.ts';
import { shownUrl } from '../../common/http/shown-url.ts';
import { loadPolicy } from '../../common/trust/policy.ts';
import { fetchBytesOnNode, type NodeFetching } from '../stages/fetch-retry.ts';

/** A URL that may be fetched. */
export interface AdmittedUrl {
  readonly url: string;
  /** The digest that the content must have. */
  readonly digest?: string;
}

/**
 * Decides whether a URL may be fetched for something that has the power of root on this node: a configuration or an
 * extension. Anybody on the way can change what plain HTTP carries, so a node with a trust policy demands HTTPS, or
 * `#sha256=HEX` at the end of the URL; other nodes log a warning.
 * @param quiet no warning, because nothing will be fetched
 * @throws FactoryError `usage` for a malformed digest, `verification` for a URL that the node must not use
 */
export async function admitUrl(
  host: Host,
  address: string,
  { quiet = false }: { readonly quiet?: boolean } = {},
): Promise<AdmittedUrl> {
  const [url = '', fragment] = address.split('#', 2);
  if (fragment?.startsWith('sha256=')) {
    if (!/^sha256=[0-9a-f]{64}$/i.test(fragment)) {
      throw new FactoryError('OPTION_INVALID', `${shownUrl(url)} ends with a malformed digest`, {
        remedy: 'Write #sha256= and the 64 hexadecimal digits that sha256sum prints.',
      });
    }
    return { url, digest: fragment.toLowerCase().replace('=', ':') };
  }
  if (!/^http:/i.test(url)) return { url };
  if ((await loadPolicy(host)) !== undefined) {
    throw new FactoryError(
      'TRANSPORT_UNSAFE',
      `${shownUrl(url)} is not used: this node has a trust policy, and plain HTTP can be changed on the way`,
      { remedy: 'Use https://, or add #sha256= and the digest of the content to the URL.' },
    );
  }
  if (!quiet)
    host.log('warn', `${shownUrl(url)} is fetched over plain HTTP: anybody on the way can change it`);
  return { url };
}

/**
 * Fetches a URL that {@link admitUrl} admits into memory, and checks its digest.
 * @throws the errors of {@link admitUrl} and `fetchBytesOnNode`; FactoryError `verification` for another digest
 */
export async function fetchAdmitted(
  host: Host,
  { url: address, ...fetching }: NodeFetching & { readonly limit: number },
): Promise<Uint8Array> {
  const { url, digest } = await admitUrl(host, address);
  const bytes = await fetchBytesOnNode(host, { ...fetching, url });
  if (digest !== undefined) expectDigest(shownUrl(url), digest, digestOf(bytes));
  return bytes;
}
