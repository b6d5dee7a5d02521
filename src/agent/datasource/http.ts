import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import type { HttpRequest } from '../../common/host/http-fetch.ts';
import { within } from '../../common/http/abort.ts';
import { readLimited } from '../../common/http/read-limited.ts';
import { followRedirects } from '../../common/http/redirects.ts';
import type { Endpoint } from './endpoints.ts';
import { type Found, type Provider, USER_DATA_LIMIT } from './found.ts';
import { hostnameIn } from './hostname-in.ts';

/** Seconds. Kept short because a machine outside that cloud, with the provider in its configuration, waits this long at each boot. */
const TIMEOUT = 2;
/** Some clouds serve iPXE boot scripts as user data. */
const IPXE = '#!ipxe';

/** Creates a provider for the metadata service of a cloud. An empty or missing response counts as no user data. */
export function httpProvider(endpoint: Endpoint): Provider {
  return async (host) => {
    if (endpoint.privileged) return fromLowPort(host, endpoint);
    const headers = { ...endpoint.headers, ...(await token(host, endpoint)) };
    const answer = await get(host, endpoint.url, { headers });
    const found = answer && (endpoint.fields ? inJson(answer, endpoint.fields) : { userData: answer });
    if (found === undefined || isNothing(found.userData)) return undefined;
    if (endpoint.hostname === undefined) return found;
    const name = await get(host, endpoint.hostname, { headers }).catch(() => undefined);
    const hostname = name && firstName(Buffer.from(name).toString('utf8'));
    return { ...found, ...(hostname ? { hostname } : {}) };
  };
}

/** `undefined` for an error status: a different cloud, or one without user data. @throws the error of `fetch` */
async function get(host: Host, url: string, request: HttpRequest): Promise<Uint8Array | undefined> {
  const signal = within(TIMEOUT * 1000, undefined);
  const { response } = await followRedirects(host.fetch, url, { ...request, signal });
  if (!response.ok) return void (await response.body?.cancel());
  return readLimited(response, USER_DATA_LIMIT, () => {
    const problem = `the response of ${url} is larger than ${USER_DATA_LIMIT} bytes`;
    return new FactoryError('RESPONSE_TOO_LARGE', problem, { remedy: 'Give the machine smaller user data.' });
  });
}

/** Requests a token; services without tokens need none. */
async function token(host: Host, { token: wanted }: Endpoint): Promise<Record<string, string>> {
  if (wanted === undefined) return {};
  // AWS IMDSv2 issues tokens only for PUT.
  const value = await get(host, wanted.url, { method: 'PUT', headers: wanted.ask });
  const text = value && Buffer.from(value).toString('utf8').trim();
  return text ? { [wanted.header]: text } : {};
}

function inJson(answer: Uint8Array, fields: NonNullable<Endpoint['fields']>): Found | undefined {
  const text = Buffer.from(answer).toString('utf8');
  const data = JSON.parse(text) as Record<string, unknown>;
  const userData = data[fields.userData];
  return typeof userData === 'string'
    ? { userData: Buffer.from(userData, 'utf8'), ...hostnameIn(text, fields.hostname) }
    : undefined;
}

function isNothing(bytes: Uint8Array): boolean {
  const text = Buffer.from(bytes).toString('latin1');
  return text.trim() === '' || text.startsWith(IPXE);
}

/** The first of several names on a line, as some services return them. */
function firstName(text: string): string | undefined {
  const name = text.trim().split(/\s+/)[0];
  return name && /^[\w.-]+$/.test(name) ? name : undefined;
}

/** Uses curl, because `fetch` cannot choose its source port. */
async function fromLowPort(host: Host, { name, url }: Endpoint): Promise<Found | undefined> {
  if (!(await host.has('curl'))) {
    throw new FactoryError(
      'TOOL_MISSING',
      `reading the user data of ${name} requires curl, which is not installed`,
      {
        remedy: 'Add curl to the image.',
      },
    );
  }
  const args = [
    '--fail',
    '--silent',
    '--max-time',
    String(TIMEOUT),
    '--max-filesize',
    String(USER_DATA_LIMIT),
  ];
  args.push('--local-port', '1-1023', url);
  const { status, stdout } = await host.run('curl', args, { allowFailure: true });
  const userData = Buffer.from(stdout, 'utf8');
  return status === 0 && !isNothing(userData) ? { userData } : undefined;
}
