import { FactoryError } from '../../errors/factory-error.ts';
import type { HttpRequest } from '../../host/http-fetch.ts';
import { within } from '../../http/abort.ts';
import { exchange as exchangeHttp } from '../../http/exchange.ts';
import { explainNetwork } from '../../http/network-error.ts';
import { readLimited } from '../../http/read-limited.ts';
import { retrying } from '../../http/retry.ts';
import { TransientHttpError } from '../../http/transient-error.ts';
import { accessRefused, createAuthenticator } from './authentication.ts';
import { type Client, NODE_CLIENT } from './client.ts';
import { formatImageReference, type ImageReference } from './image-reference.ts';
import type { RegistryHost } from './registry-host.ts';
import { isWebPage, webPage } from './registry-response.ts';

/** Options of {@link createTransport}. */
export interface TransportOptions {
  /** Accept any certificate, and plain HTTP. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** The client; the agent on a node by default. */
  readonly client?: Client;
  /** Maximum number of attempts per request. */
  readonly attempts?: number;
  /** Milliseconds for a response that is read as a whole, or between two chunks of a streamed one. */
  readonly timeout?: number;
  /** Token scopes to request in addition to those that the registry asks for. */
  readonly scopes?: readonly string[];
}

/** A response with its complete body. */
export interface FullResponse {
  readonly bytes: Uint8Array;
  readonly headers: Headers;
}

/** One request. */
export type TransportRequest = Omit<HttpRequest, 'insecure'>;

/** A request that was sent, and the address that answered it. */
interface Sent {
  readonly method: string | undefined;
  readonly url: URL;
  readonly final: string;
}

/** Sends requests to one repository of a registry. */
export interface Transport {
  /**
   * Sends an authenticated request of any method and follows redirects.
   * @param target a path, or the full URL that the registry gave for the next request
   * @returns the response, unless its status is 401, 403 or transient
   * @throws FactoryError `step` for 401 and 403; TransientHttpError when a retry may succeed
   */
  send(
    target: string,
    request: TransportRequest,
  ): Promise<{ readonly response: Response; readonly url: string }>;
  /**
   * Sends an authenticated `GET` request and follows redirects.
   * @returns the response, with a successful status, 404 or 416
   * @throws FactoryError `step` for any other status; TransientHttpError when a retry may succeed
   */
  exchange(path: string, headers?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
  /**
   * Reads a complete body, and retries when the connection breaks.
   * @returns `undefined` for 404
   * @throws FactoryError `step` for any other failure, `verification` when the body is larger than `limit`
   */
  bytes(
    path: string,
    limit: number,
    headers?: Readonly<Record<string, string>>,
  ): Promise<FullResponse | undefined>;
}

/** Milliseconds without data after which a connection counts as dead. */
export const TIMEOUT = 60_000;
/** Milliseconds for the question how a registry answers. */
const PROBE = 10_000;
/** The remedy for an untrusted certificate. */
export const CERTIFICATE_REMEDY =
  'Check the clock; add your own CA with "ca" in the key "registries" of the factory, elsewhere with NODE_EXTRA_CA_CERTS; or allow the registry to be insecure.';
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

/** Returns the transport for the registry of a reference. The first request determines whether the registry supports TLS. */
export function createTransport(
  host: RegistryHost,
  reference: ImageReference,
  options: TransportOptions = {},
): Transport {
  const {
    insecure = false,
    signal,
    client = NODE_CLIENT,
    attempts,
    timeout = TIMEOUT,
    scopes = [],
  } = options;
  const { registry } = reference;
  const name = formatImageReference(reference);
  const address = registry === 'docker.io' ? 'registry-1.docker.io' : registry;
  const mayBePlain = insecure || LOOPBACK.test(registry);
  const authenticator = createAuthenticator(host, reference, { insecure, mayBePlain, client, scopes });
  let base: Promise<string> | undefined;

  const exchangeOnce = async (url: string, request: TransportRequest) => {
    const redirects = { mayLeaveTls: mayBePlain, mayForwardBody: true };
    try {
      return await exchangeHttp(host, url, {
        ...request,
        insecure,
        redirects,
        certificateRemedy: CERTIFICATE_REMEDY,
      });
    } catch (error) {
      // A registry that was starting may support TLS by now.
      if (!(error instanceof TransientHttpError) || error.status === undefined) base = undefined;
      if (error instanceof TransientHttpError && error.lacksTls && (await answersPlainly(host, address)))
        throw withoutTls(registry, { client, cause: error });
      throw error;
    }
  };
  const secure = `https://${address}`;
  const findBase = async () => {
    if (!mayBePlain) return secure;
    return supportsTls(host, secure, { insecure }).then((isSecure) =>
      isSecure ? secure : `http://${address}`,
    );
  };

  /** Throws for a web page, and for a refusal of access. */
  const requireAnswer = async (response: Response, { method, url, final }: Sent) => {
    const { host: finalHost, origin } = new URL(final);
    if (isUnexpectedPage(response, method, url)) throw await webPage(finalHost, response);
    const { status } = response;
    if (status !== 401 && status !== 403) return;
    await response.body?.cancel();
    throw accessRefused(reference, {
      status,
      hasCredentials: authenticator.hasCredentials(),
      problems: authenticator.problems,
      redirectedTo: origin === url.origin ? undefined : finalHost,
      client,
    });
  };

  const send: Transport['send'] = async (target, { headers = {}, ...request }) => {
    base ??= findBase();
    const own = await base;
    const url = resolveTarget(target, own, { mayBePlain });
    // The second answer asks for no more than the registry wants: see `Authenticator`.
    const answers = scopes.length > 0 ? 2 : 1;
    for (let count = 0; ; count += 1) {
      // The credentials of the registry must not be sent to another host.
      const isOwn = url.origin === new URL(own).origin;
      const authorization = isOwn ? authenticator.current() : undefined;
      const full = { ...headers, ...(authorization && { authorization }) };
      const { response, url: final } = await exchangeOnce(url.href, { ...request, headers: full });
      // A host that the registry redirects to gets none, so it is not asked which it wants.
      const mayAnswer = isOwn && new URL(final).origin === url.origin && count < answers;
      if (response.status === 401 && mayAnswer) {
        await authenticator.answer(response, { isExact: count > 0 }).catch((error: unknown) => {
          throw explainNetwork(registry, error, CERTIFICATE_REMEDY);
        });
        continue;
      }
      await requireAnswer(response, { method: request.method, url, final });
      return { response, url: final };
    }
  };

  const exchange: Transport['exchange'] = async (path, headers = {}, ending) => {
    const { response } = await send(path, { headers, ...(ending && { signal: ending }) });
    if (response.ok || response.status === 404 || response.status === 416) return response;
    await response.body?.cancel();
    const problem = `${registry} responds with HTTP ${response.status} for ${name}`;
    throw new FactoryError('REGISTRY_REFUSED', problem, {
      remedy: 'Check the name of the image, and that the address belongs to a registry.',
    });
  };

  return {
    send,
    exchange,
    bytes: (path, limit, headers) =>
      retrying(host, { name, signal, attempts, code: 'REGISTRY_UNREACHABLE' }, async () => {
        const response = await exchange(path, headers, within(timeout, signal));
        if (response.status === 404) return void (await response.body?.cancel());
        const bytes = await readLimited(response, limit, () => tooLarge(name, limit)).catch(
          (error: unknown) => {
            throw explainNetwork(registry, error, CERTIFICATE_REMEDY);
          },
        );
        return { bytes, headers: response.headers };
      }),
  };
}

/**
 * Whether a response is a web page: of a proxy, a login, or a server other than a registry. A blob may be a web page. Other
 * statuses, such as 401 and 404, mean what they mean with or without a page.
 */
function isUnexpectedPage(response: Response, method: string | undefined, { pathname }: URL): boolean {
  const isBlob = (method ?? 'GET') === 'GET' && /\/blobs\/[^/]+$/.test(pathname);
  return (response.ok || response.status === 403) && !isBlob && isWebPage(response);
}

/** Whether a server responds with TLS, even with an untrusted certificate. */
async function supportsTls(
  host: RegistryHost,
  base: string,
  { insecure }: { readonly insecure: boolean },
): Promise<boolean> {
  try {
    const response = await host.fetch(`${base}/v2/`, {
      insecure,
      signal: AbortSignal.timeout(PROBE),
    });
    await response.body?.cancel();
    return true;
  } catch (error) {
    const explained = explainNetwork(new URL(base).host, error);
    host.log('debug', `no response from ${base}: ${explained.message}`);
    return explained instanceof FactoryError;
  }
}

/** Whether a registry answers by plain HTTP. Nothing of the answer is used, and the request contains nothing. */
async function answersPlainly(host: RegistryHost, address: string): Promise<boolean> {
  try {
    const response = await host.fetch(`http://${address}/v2/`, { signal: AbortSignal.timeout(PROBE) });
    await response.body?.cancel();
    return !isWebPage(response);
  } catch {
    return false;
  }
}

function withoutTls(
  registry: string,
  { client, cause }: { readonly client: Client; readonly cause: unknown },
): FactoryError {
  return new FactoryError('REGISTRY_UNREACHABLE', `the registry ${registry} has no TLS`, {
    remedy: client.withoutTls(registry),
    cause,
  });
}

/** Resolves the URL of a request. @throws FactoryError `step` when the registry gave one without TLS */
function resolveTarget(target: string, base: string, { mayBePlain }: { readonly mayBePlain: boolean }): URL {
  const url = new URL(target, base);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (mayBePlain || base.startsWith('http:')))) {
    return url;
  }
  throw new FactoryError(
    'REDIRECT_UNSAFE',
    `${new URL(base).host} refers to an address without https: ${url.origin}`,
    {
      remedy:
        "Report this to the registry's operator: behind a proxy, the registry must be configured with its https URL.",
    },
  );
}

function tooLarge(name: string, limit: number): FactoryError {
  return new FactoryError('RESPONSE_TOO_LARGE', `the response for ${name} is larger than ${limit} bytes`, {
    remedy: 'Check that the name belongs to an OS image.',
  });
}
