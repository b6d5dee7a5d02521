import { FactoryError } from '../../errors/factory-error.ts';
import { accessRefused, createAuthenticator } from './authentication.ts';
import { type Client, NODE_CLIENT } from './client.ts';
import { formatImageReference, type ImageReference } from './image-reference.ts';
import type { RegistryHost, RegistryRequest } from './registry-host.ts';
import { explainNetwork, retryAfter, retrying, TransientError } from './retry.ts';

/** How a registry is spoken to. */
export interface TransportOptions {
  /** Accept any certificate, and no TLS at all. */
  readonly insecure?: boolean;
  readonly signal?: AbortSignal;
  /** Who asks; the agent where nothing else is said. */
  readonly client?: Client;
  /** How often a request is tried in all. */
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
export type TransportRequest = Pick<RegistryRequest, 'method' | 'headers' | 'body' | 'signal'>;

/** The way to one repository of a registry. */
export interface Transport {
  /**
   * One exchange of any method, authenticated, redirects followed.
   * @param target a path, or the whole address that the registry gave for the next request
   * @returns what the registry answers, whatever it is, but for refusals of access and statuses that may pass
   * @throws FactoryError `step` for 401 and 403, TransientError
   */
  send(
    target: string,
    request: TransportRequest,
  ): Promise<{ readonly response: Response; readonly url: string }>;
  /** One exchange, authenticated, redirects followed. A status that may pass is a {@link TransientError}. */
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
const REDIRECTS = 5;
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
    try {
      return await follow(host, url, { ...request, insecure, mayBePlain });
    } catch (error) {
      // What was found out while the registry was starting may be wrong.
      base = undefined;
      throw explainNetwork(new URL(url).host, error);
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
      // What opens the registry is nothing for another host that it sends us to.
      const isOwn = url.origin === new URL(own).origin;
      const authorization = isOwn ? authenticator.current() : undefined;
      const full = { ...headers, ...(authorization && { authorization }) };
      const response = await exchangeOnce(url.href, { ...request, headers: full });
      if (response.status === 401 && isOwn && !isSecond) {
        await authenticator.answer(response).catch((error: unknown) => {
          throw explainNetwork(registry, error);
        });
        continue;
      }
      if (response.status === 401 || response.status === 403) {
        await response.body?.cancel();
        throw accessRefused(reference, response.status, authorization !== undefined, client);
      }
      if (response.status >= 500 || [408, 425, 429].includes(response.status)) {
        await response.body?.cancel();
        const wait = retryAfter(response.headers.get('retry-after'), host.now());
        throw new TransientError(`${registry} answers HTTP ${response.status}`, { wait });
      }
      return { response, url: url.href };
    }
  };

  const exchange: Transport['exchange'] = async (path, headers = {}, ending) => {
    const { response } = await send(path, { headers, ...(ending && { signal: ending }) });
    if (response.ok || response.status === 404 || response.status === 416) return response;
    await response.body?.cancel();
    throw new FactoryError('REGISTRY_REFUSED', `${registry} answers HTTP ${response.status} for ${name}`, {
      remedy: 'Check the name of the image and that the address is that of a registry.',
    });
  };

  return {
    send,
    exchange,
    bytes: (path, limit, headers) =>
      retrying(host, { name, signal, attempts }, async () => {
        const ending = AbortSignal.any([AbortSignal.timeout(timeout), ...(signal ? [signal] : [])]);
        const response = await exchange(path, headers, ending);
        if (response.status === 404) return void (await response.body?.cancel());
        return { bytes: await readLimited(name, response, limit), headers: response.headers };
      }),
  };
}

/** Whether something that speaks TLS answers there; a certificate that is not trusted is an answer. */
async function speaks(host: RegistryHost, base: string, insecure: boolean): Promise<boolean> {
  try {
    const response = await host.fetch(`${base}/v2/`, {
      manual: true,
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

interface Sending extends TransportRequest {
  readonly insecure: boolean;
  readonly mayBePlain: boolean;
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

/** Follows redirects itself: no runtime agrees with another on what happens to the `Authorization` header. */
async function follow(host: RegistryHost, url: string, sending: Sending): Promise<Response> {
  const { insecure, mayBePlain, headers: own, ...request } = sending;
  let [target, headers] = [new URL(url), { 'accept-encoding': 'identity', ...own }];
  for (let count = 0; ; count++) {
    const response = await host.fetch(target.href, {
      ...request,
      headers,
      manual: true,
      insecure,
    });
    const location = response.headers.get('location');
    if (![301, 302, 303, 307, 308].includes(response.status) || location === null) return response;
    await response.body?.cancel();
    const next = new URL(location, target);
    const isPlain = next.protocol === 'http:' && (mayBePlain || target.protocol === 'http:');
    if (count >= REDIRECTS || (next.protocol !== 'https:' && !isPlain)) {
      throw new FactoryError(
        'REDIRECT_UNSAFE',
        `${target.host} redirects to a place that is not followed: ${next.origin}`,
        {
          remedy: 'Tell who runs the registry: blobs must be reached by https.',
        },
      );
    }
    if (next.origin !== target.origin) {
      const { authorization: _, ...rest } = headers as Record<string, string>;
      headers = { 'accept-encoding': 'identity', ...rest };
    }
    target = next;
  }
}

/** @throws FactoryError `verification` when the body is too large, TransientError when it breaks off */
async function readLimited(name: string, response: Response, limit: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  try {
    for await (const chunk of response.body ?? []) {
      size += chunk.length;
      if (size > limit) {
        throw new FactoryError('RESPONSE_TOO_LARGE', `the answer for ${name} is larger than ${limit} bytes`, {
          remedy: 'Check that the name is that of an OS image.',
        });
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw explainNetwork(name, error);
  }
  return Buffer.concat(chunks);
}
