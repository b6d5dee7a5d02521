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

/** Options of {@link createTransport}. */
export interface TransportOptions {
  /** Accept any certificate, and no TLS at all. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** The client; the agent on a node by default. */
  readonly client?: Client;
  /** Maximum number of attempts per request. */
  readonly attempts?: number;
  /** Milliseconds for an answer that is read as a whole, and between two parts of one that is not. */
  readonly timeout?: number;
  /** What tokens have to be good for besides what the registry asks for. */
  readonly scopes?: readonly string[];
}

/** A whole answer. */
export interface Answer {
  readonly bytes: Uint8Array;
  readonly headers: Headers;
}

/** One request. */
export type TransportRequest = Omit<HttpRequest, 'insecure'>;

/** The way to one repository of a registry. */
export interface Transport {
  /**
   * One exchange of any method, authenticated, redirects followed.
   * @param target a path, or the whole address that the registry gave for the next request
   * @returns what the registry answers, whatever it is, but for refusals of access and statuses that may pass
   * @throws FactoryError `step` for 401 and 403, TransientHttpError
   */
  send(
    target: string,
    request: TransportRequest,
  ): Promise<{ readonly response: Response; readonly url: string }>;
  /** One exchange, authenticated, redirects followed. A status that may pass is a {@link TransientHttpError}. */
  exchange(path: string, headers?: Readonly<Record<string, string>>, signal?: AbortSignal): Promise<Response>;
  /**
   * A whole body, tried again when the connection breaks.
   * @returns `undefined` for 404
   * @throws FactoryError `step` for any other failure, `verification` when the body is larger than `limit`
   */
  bytes(path: string, limit: number, headers?: Readonly<Record<string, string>>): Promise<Answer | undefined>;
}

/** Milliseconds after which a connection counts as dead. */
export const TIMEOUT = 60_000;
/** The remedy for an untrusted certificate. */
export const CERTIFICATE_REMEDY =
  'Check the clock; name your own CA with "ca" in the key "registries" of the factory, elsewhere with NODE_EXTRA_CA_CERTS; or allow the registry to be insecure.';
const LOOPBACK = /^(?:localhost|127(?:\.\d+){3}|\[::1\])(?::\d+)?$/;

/** Opens the way to the registry of a reference; the first request finds out whether it speaks TLS. */
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
      throw error;
    }
  };
  const secure = `https://${address}`;
  const findBase = async () => {
    if (!mayBePlain) return secure;
    return speaks(host, secure, insecure).then((answers) => (answers ? secure : `http://${address}`));
  };

  const send: Transport['send'] = async (target, { headers = {}, ...request }) => {
    base ??= findBase();
    const own = await base;
    const url = placeOf(target, own, mayBePlain);
    for (let isSecond = false; ; isSecond = true) {
      // The credentials of the registry must not be sent to another host.
      const isOwn = url.origin === new URL(own).origin;
      const authorization = isOwn ? authenticator.current() : undefined;
      const full = { ...headers, ...(authorization && { authorization }) };
      const { response, url: place } = await exchangeOnce(url.href, { ...request, headers: full });
      if (response.status === 401 && isOwn && !isSecond) {
        await authenticator.answer(response).catch((error: unknown) => {
          throw explainNetwork(registry, error, CERTIFICATE_REMEDY);
        });
        continue;
      }
      if (response.status === 401 || response.status === 403) {
        await response.body?.cancel();
        throw accessRefused(reference, response.status, authorization !== undefined, client);
      }
      return { response, url: place };
    }
  };

  const exchange: Transport['exchange'] = async (path, headers = {}, ending) => {
    const { response } = await send(path, { headers, ...(ending && { signal: ending }) });
    if (response.ok || response.status === 404 || response.status === 416) return response;
    await response.body?.cancel();
    const problem = `${registry} answers HTTP ${response.status} for ${name}`;
    throw new FactoryError('REGISTRY_REFUSED', problem, {
      remedy: 'Check the name of the image and that the address is that of a registry.',
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

/** Whether a server responds with TLS, even with an untrusted certificate. */
async function speaks(host: RegistryHost, base: string, insecure: boolean): Promise<boolean> {
  try {
    const response = await host.fetch(`${base}/v2/`, {
      insecure,
      signal: AbortSignal.timeout(10_000),
    });
    await response.body?.cancel();
    return true;
  } catch (error) {
    const explained = explainNetwork(base, error);
    host.log('debug', `${base} does not answer: ${explained.message}`);
    return explained instanceof FactoryError;
  }
}

/** The address of a request. @throws FactoryError `step` when the registry gave one that would do without TLS */
function placeOf(target: string, base: string, mayBePlain: boolean): URL {
  const url = new URL(target, base);
  if (url.protocol === 'https:' || (url.protocol === 'http:' && (mayBePlain || base.startsWith('http:')))) {
    return url;
  }
  throw new FactoryError(
    'REDIRECT_UNSAFE',
    `${new URL(base).host} names a place that is not gone to: ${url.origin}`,
    {
      remedy: 'Tell who runs the registry: behind a proxy, it has to know that it is reached by https.',
    },
  );
}

function tooLarge(name: string, limit: number): FactoryError {
  return new FactoryError('RESPONSE_TOO_LARGE', `the answer for ${name} is larger than ${limit} bytes`, {
    remedy: 'Check that the name is that of an OS image.',
  });
}
