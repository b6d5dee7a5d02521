import { FactoryError } from '../../errors/factory-error.ts';
import { within } from '../../http/abort.ts';
import { exchange } from '../../http/exchange.ts';
import { readLimited } from '../../http/read-limited.ts';
import type { Client } from './client.ts';
import { type Credentials, findCredentials } from './credentials.ts';
import { formatImageReference, type ImageReference } from './image-reference.ts';
import type { RegistryHost } from './registry-host.ts';
import { isWebPage } from './registry-response.ts';

/** An authentication challenge of a registry (RFC 9110, section 11.6.1). */
export interface Challenge {
  /** In lower case. */
  readonly scheme: string;
  readonly parameters: ReadonlyMap<string, string>;
}

/** Milliseconds after which a request for a token fails. */
const TIMEOUT = 30_000;
/** Maximum size of a token response, in bytes. */
const LIMIT = 1024 * 1024;

/** Parses a `WWW-Authenticate` header, which may contain several challenges. */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  const token = /\s*,?\s*(?:([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]+))|([\w-]+)(?=\s|,|$))/gy;
  for (const [, key, quoted, plain, scheme] of header.matchAll(token)) {
    if (scheme !== undefined) challenges.push({ scheme: scheme.toLowerCase(), parameters: new Map() });
    else if (key !== undefined) {
      const value = quoted?.replace(/\\(.)/g, '$1') ?? plain ?? '';
      challenges.at(-1)?.parameters.set(key.toLowerCase(), value);
    }
  }
  return challenges;
}

/** Handles the challenges for one repository. */
export interface Authenticator {
  /** The `Authorization` header for the next request; none before the first challenge. */
  current(): string | undefined;
  /** Whether the user has credentials for the registry; an anonymous token is none. Known after the first challenge. */
  hasCredentials(): boolean;
  /** What prevented the use of credentials: a sentence for each file or helper. */
  readonly problems: readonly string[];
  /**
   * Responds to the challenges of a 401. With `isExact`, it asks for the scope of the challenge alone: some token servers
   * grant only one of several scopes.
   * @throws FactoryError `step` when access is refused
   */
  answer(response: Response, options?: { readonly isExact?: boolean }): Promise<void>;
}

/** Options of {@link createAuthenticator}. */
interface AuthenticatorOptions {
  /** Accept any certificate. */
  readonly insecure: boolean;
  /** Allow plain HTTP. */
  readonly mayBePlain: boolean;
  readonly client: Client;
  /** Scopes to request in addition to those of the challenge, such as `repository:team/os:pull,push`. */
  readonly scopes?: readonly string[];
}

/**
 * Merges scopes (distribution, "Token Scope Documentation"): one for each resource, with all its actions.
 * @param lists lists of scopes, separated by spaces
 */
export function mergeScopes(lists: readonly string[]): string[] {
  const resources = new Map<string, Set<string>>();
  for (const scope of lists.flatMap((list) => list.split(' ')).filter(Boolean)) {
    const colon = scope.lastIndexOf(':');
    const [resource, actions] = [scope.slice(0, colon), scope.slice(colon + 1).split(',')];
    const known = resources.get(resource) ?? new Set();
    for (const action of actions) known.add(action);
    resources.set(resource, known);
  }
  return [...resources].map(([resource, actions]) => `${resource}:${[...actions].join(',')}`);
}

/**
 * Returns an authenticator that gets tokens (distribution, "Token Authentication Specification") or falls back to Basic.
 */
export function createAuthenticator(
  host: RegistryHost,
  reference: ImageReference,
  options: AuthenticatorOptions,
): Authenticator {
  let authorization: string | undefined;
  let credentials: Promise<Credentials | undefined> | undefined;
  const problems: string[] = [];
  let hasCredentials = false;

  return {
    current: () => authorization,
    problems,
    hasCredentials: () => hasCredentials,
    answer: async (response, { isExact = false } = {}) => {
      const challenges = parseChallenges(response.headers.get('www-authenticate') ?? '');
      await response.body?.cancel();
      credentials ??= findCredentials(host, reference, {
        client: options.client,
        onProblem: (problem) => problems.push(problem),
      });
      const known = await credentials;
      hasCredentials = known !== undefined;
      const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
      if (known?.kind === 'bearer') authorization = `Bearer ${known.token}`;
      else if (bearer) {
        const isPlain = response.url.startsWith('http:');
        const scopes = isExact ? [] : (options.scopes ?? []);
        const request = { ...options, scopes, challenge: bearer, credentials: known, isPlain, problems };
        authorization = `Bearer ${await fetchToken(host, reference, request)}`;
      } else if (known?.kind === 'password' && challenges.some(({ scheme }) => scheme === 'basic')) {
        authorization = basic(known.username, known.password);
      } else {
        const { client } = options;
        throw accessRefused(reference, { status: 401, hasCredentials, problems, client });
      }
    },
  };
}

/** A request that a registry refused. */
export interface RefusedAccess {
  /** HTTP status of the response. */
  readonly status: number;
  /** Whether the request had credentials. */
  readonly hasCredentials: boolean;
  /** The host that the registry redirects to, if that host refuses. */
  readonly redirectedTo?: string | undefined;
  /** What prevented the use of credentials. */
  readonly problems: readonly string[];
  readonly client: Client;
}

/** Returns the error for a response of 401 or 403. */
export function accessRefused(
  reference: ImageReference,
  { status, hasCredentials, redirectedTo, problems, client }: RefusedAccess,
): FactoryError {
  const { registry } = reference;
  const name = `${formatImageReference(reference)} (HTTP ${status})`;
  if (redirectedTo !== undefined) {
    const problem = `${registry} redirects to ${redirectedTo}, which refuses access to ${name}`;
    return new FactoryError('REGISTRY_UNAUTHORIZED', problem, {
      remedy: `If the images are at ${redirectedTo} now, use its name instead: it gets no credentials that are meant for ${registry}.`,
    });
  }
  const usual = hasCredentials ? client.badCredentials(registry) : client.noCredentials(registry);
  const isHindered = !hasCredentials && problems.length > 0;
  return new FactoryError('REGISTRY_UNAUTHORIZED', `the registry refuses access to ${name}`, {
    details: isHindered ? problems : [],
    remedy: isHindered
      ? `The request had no credentials: repair the credential helper or file that is named above, or log in to ${registry} again.`
      : usual,
  });
}

interface TokenOptions extends AuthenticatorOptions {
  readonly challenge: Challenge;
  readonly credentials: Credentials | undefined;
  /** Whether the registry was reached by plain HTTP. */
  readonly isPlain: boolean;
  readonly problems: readonly string[];
}

async function fetchToken(
  host: RegistryHost,
  reference: ImageReference,
  { challenge, credentials, insecure, mayBePlain, isPlain, problems, client, scopes = [] }: TokenOptions,
): Promise<string> {
  const { parameters } = challenge;
  const realm = parameters.get('realm') ?? '';
  const url = URL.canParse(realm) ? new URL(realm) : undefined;
  if (url?.protocol !== 'https:' && !(url?.protocol === 'http:' && (mayBePlain || isPlain))) {
    throw new FactoryError(
      'REGISTRY_REFUSED',
      `${reference.registry} names an unusable token server: ${JSON.stringify(realm)}`,
      {
        remedy: "Report this to the registry's operator: the URL of its token server must start with https.",
      },
    );
  }
  const requested = parameters.get('scope') || `repository:${reference.repository}:pull`;
  const scope = mergeScopes([requested, ...scopes]).join(' ');
  const service = parameters.get('service');
  const common = { signal: within(TIMEOUT, undefined), insecure, redirects: { mayLeaveTls: mayBePlain } };
  const { response } = await (credentials?.kind === 'identity'
    ? exchange(host, url.href, {
        ...common,
        method: 'POST',
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: new URLSearchParams({
          grant_type: 'refresh_token',
          client_id: client.id,
          refresh_token: credentials.token,
          scope,
          ...(service === undefined ? {} : { service }),
        }).toString(),
      })
    : exchange(host, withQuery(url, { scope, service }), {
        ...common,
        headers:
          credentials?.kind === 'password'
            ? { authorization: basic(credentials.username, credentials.password) }
            : {},
      }));
  const body = response.ok ? await readTokenResponse(url.host, response) : await response.body?.cancel();
  const token = tokenOf(body);
  if (token !== undefined) return token;
  throw accessRefused(reference, {
    status: response.status,
    hasCredentials: credentials !== undefined,
    problems,
    client,
  });
}

async function readTokenResponse(server: string, response: Response): Promise<unknown> {
  const bytes = await readLimited(response, LIMIT, () => {
    const problem = `the response of the token server ${server} is larger than ${LIMIT} bytes`;
    return new FactoryError('RESPONSE_TOO_LARGE', problem, { remedy: 'Check the name of the registry.' });
  });
  try {
    return JSON.parse(Buffer.from(bytes).toString('utf8'));
  } catch (error) {
    const form = isWebPage(response) ? 'a web page' : 'something that is not JSON';
    throw new FactoryError('REGISTRY_REFUSED', `the token server ${server} responds with ${form}`, {
      remedy:
        "Try again later. A proxy may have answered instead, or the registry's login does not work at the moment.",
      cause: error,
    });
  }
}

function withQuery(url: URL, values: Readonly<Record<string, string | undefined>>): string {
  const full = new URL(url);
  for (const [key, value] of Object.entries(values)) {
    if (value === undefined) continue;
    // Scopes are separated by spaces in a header, but are separate parameters in a query.
    const parts = key === 'scope' ? value.split(' ').filter(Boolean) : [value];
    for (const part of parts) full.searchParams.append(key, part);
  }
  return full.href;
}

function tokenOf(body: unknown): string | undefined {
  const { token, access_token: access } = (body ?? {}) as { token?: unknown; access_token?: unknown };
  return [token, access].find((value) => typeof value === 'string' && /^[\x21-\x7e]+$/.test(value)) as
    | string
    | undefined;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
