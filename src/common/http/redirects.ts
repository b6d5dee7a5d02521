import { FactoryError } from '../errors/factory-error.ts';
import type { HttpFetch, HttpRequest } from '../host/http-fetch.ts';

/** Which redirects are followed. */
export interface RedirectPolicy {
  /** Go from https to http, too. */
  readonly mayLeaveTls: boolean;
  /** Send the body of a request to another origin, too. A body may be a credential. */
  readonly mayForwardBody: boolean;
}

/** The policy where nothing else is said. */
const POLICY: RedirectPolicy = { mayLeaveTls: false, mayForwardBody: false };

/** A request and where it goes. */
export interface Hop {
  readonly url: URL;
  readonly request: HttpRequest;
}

/** Redirects in a row that are followed. */
const LIMIT = 10;
/** RFC 9110, section 15.4: statuses that send the client elsewhere. */
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that another origin may see. Any other one may be a credential. */
const HARMLESS = /^(?:accept|accept-encoding|range|user-agent|content-(?:type|length|range))$/i;
const BODY_HEADERS = /^content-/i;

/** Whether an answer sends the client elsewhere. */
export function isRedirect({ status, headers }: Pick<Response, 'status' | 'headers'>): boolean {
  return REDIRECTS.includes(status) && headers.has('location');
}

/**
 * Decides where a redirect leads to.
 * @param count redirects that were followed before
 * @throws FactoryError `verification` for a way out of TLS, `step` for too many redirects and other places that are not
 *   followed
 */
export function nextHop(
  { url, request }: Hop,
  { status, headers }: Pick<Response, 'status' | 'headers'>,
  { count, policy }: { readonly count: number; readonly policy: RedirectPolicy },
): Hop {
  const location = headers.get('location') ?? '';
  if (count >= LIMIT) throw refused(url, `more than ${LIMIT} times`);
  const next = URL.canParse(location, url.href) ? new URL(location, url) : undefined;
  if (next === undefined) throw refused(url, 'to an address that is not a URL');
  // The credentials of a URL are those of the person who wrote it, not of a server.
  [next.username, next.password] = ['', ''];
  if (next.protocol !== 'https:' && next.protocol !== 'http:') {
    throw refused(url, `to "${next.protocol}", which is not HTTP`);
  }
  if (url.protocol === 'https:' && next.protocol === 'http:' && !policy.mayLeaveTls) {
    throw new FactoryError('REDIRECT_WITHOUT_TLS', `${url.host} redirects from https to ${next.origin}`, {
      remedy: 'Use an address that stays with https, or tell who runs the server.',
    });
  }
  const same = asRedirected(request, status);
  if (next.origin === url.origin) return { url: next, request: same };
  if (same.body !== undefined && !policy.mayForwardBody) {
    throw refused(url, `a request with content to ${next.origin}`);
  }
  return { url: next, request: withHeaders(same, (name) => HARMLESS.test(name)) };
}

/**
 * Sends a request and follows redirects. No two runtimes agree on which headers go along, and none checks every hop, so no
 * runtime follows them for us.
 * @returns the answer, and the address that gave it
 * @throws as {@link nextHop}, and the error of `fetch` when there is no answer
 */
export async function followRedirects(
  fetch: HttpFetch,
  address: string,
  request: HttpRequest,
  policy: Partial<RedirectPolicy> = {},
): Promise<{ readonly response: Response; readonly url: URL }> {
  let hop = firstHop(address, request);
  for (let count = 0; ; count++) {
    const response = await fetch(hop.url.href, hop.request);
    if (!isRedirect(response)) return { response, url: hop.url };
    await response.body?.cancel();
    hop = nextHop(hop, response, { count, policy: { ...POLICY, ...policy } });
  }
}

/** User and password of a URL become a header: `fetch` of Node refuses such URLs, and that of Bun does not. */
function firstHop(address: string, request: HttpRequest): Hop {
  const url = new URL(address);
  const { username, password } = url;
  const headers: Record<string, string> = { 'accept-encoding': 'identity', ...request.headers };
  if (username !== '' || password !== '') {
    const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
    headers['authorization'] ??= `Basic ${Buffer.from(pair).toString('base64')}`;
    [url.username, url.password] = ['', ''];
  }
  return { url, request: { ...request, headers } };
}

/** RFC 9110, section 15.4: 303 asks for the result with `GET`; after 301 and 302 a `POST` becomes one, too. */
function asRedirected(request: HttpRequest, status: number): HttpRequest {
  const { method = 'GET' } = request;
  const becomesGet = status === 303 ? method !== 'HEAD' : status < 303 && method === 'POST';
  if (!becomesGet || method === 'GET') return request;
  const { body: _, ...rest } = request;
  return { ...withHeaders(rest, (name) => !BODY_HEADERS.test(name)), method: 'GET' };
}

function withHeaders(request: HttpRequest, isKept: (name: string) => boolean): HttpRequest {
  const headers = Object.entries(request.headers ?? {}).filter(([name]) => isKept(name));
  return { ...request, headers: Object.fromEntries(headers) };
}

function refused(url: URL, where: string): FactoryError {
  return new FactoryError('REDIRECT_UNSAFE', `${url.host} redirects ${where}`, {
    remedy: 'Check the address; if it is right, tell who runs the server.',
  });
}
