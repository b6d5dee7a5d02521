import { FactoryError } from '../errors/factory-error.ts';
import type { HttpFetch, HttpRequest } from '../host/http-fetch.ts';

/** The redirects to follow. */
export interface RedirectPolicy {
  /** Follow redirects from https to http. */
  readonly mayLeaveTls: boolean;
  /** Send the body of a request to another origin. A body may be a credential. */
  readonly mayForwardBody: boolean;
}

/** The default policy. */
const POLICY: RedirectPolicy = { mayLeaveTls: false, mayForwardBody: false };

/** A request and its URL. */
export interface Hop {
  readonly url: URL;
  readonly request: HttpRequest;
}

/** A request and its redirect policy. */
export interface RedirectedRequest extends HttpRequest {
  /** By default, redirects may not leave TLS, nor forward a body to another origin. */
  readonly redirects?: Partial<RedirectPolicy> | undefined;
}

/** Maximum number of redirects in a row. */
const LIMIT = 10;
/** Redirect statuses (RFC 9110, section 15.4). */
const REDIRECTS = [301, 302, 303, 307, 308];
/** Headers that may be sent to another origin. Any other header may be a credential. */
const HARMLESS = /^(?:accept|accept-encoding|range|user-agent|content-(?:type|length|range))$/i;
const BODY_HEADERS = /^content-/i;

/** Whether a response is a redirect. */
export function isRedirect({ status, headers }: Pick<Response, 'status' | 'headers'>): boolean {
  return REDIRECTS.includes(status) && headers.has('location');
}

/**
 * Returns the request that follows a redirect.
 * @param options `count`: the number of redirects followed so far
 * @throws FactoryError `verification` for a redirect from https to http, `step` for too many redirects and any other
 *   redirect that the policy forbids
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
  // Only the user may put credentials into a URL; a server may not.
  [next.username, next.password] = ['', ''];
  if (next.protocol !== 'https:' && next.protocol !== 'http:') {
    throw refused(url, `to "${next.protocol}", which is not HTTP`);
  }
  if (url.protocol === 'https:' && next.protocol === 'http:' && !policy.mayLeaveTls) {
    throw new FactoryError('REDIRECT_WITHOUT_TLS', `${url.host} redirects from https to ${next.origin}`, {
      remedy: "Use an address that does not redirect to http, or report this to the server's operator.",
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
 * Sends a request and follows redirects. The runtimes are not left to follow them, because they differ in the headers that
 * they forward, and none of them checks every hop.
 * @returns the response and its URL
 * @throws the errors of {@link nextHop}; the error of `fetch` when there is no response
 */
export async function followRedirects(
  fetch: HttpFetch,
  address: string,
  { redirects, ...request }: RedirectedRequest,
): Promise<{ readonly response: Response; readonly url: URL }> {
  let hop = firstHop(address, request);
  for (let count = 0; ; count++) {
    const response = await fetch(hop.url.href, hop.request);
    if (!isRedirect(response)) return { response, url: hop.url };
    await response.body?.cancel();
    hop = nextHop(hop, response, { count, policy: { ...POLICY, ...redirects } });
  }
}

/** Moves the user and password of a URL into a header: Node's `fetch` refuses such URLs, Bun's does not. */
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

/** A redirect with 303 is followed with `GET`, and so is a `POST` after 301 or 302 (RFC 9110, section 15.4). */
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
    remedy: "Check the address; if it is correct, report this to the server's operator.",
  });
}
