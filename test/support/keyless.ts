import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { PROJECT } from './factory.ts';
import { tool } from './tool.ts';

/** Keyless signing for tests: an authority that certifies every request, and a timestamp authority. */
export interface KeylessServices extends AsyncDisposable {
  /** Files for `--signing-config` and `--trusted-root`. */
  readonly signingConfig: string;
  readonly trustedRoot: string;
  /** The same trusted root, but with a CA that expired long ago. */
  readonly endedRoot: string;
  /** A CI token, which is not verified. */
  readonly token: string;
}

/** The service of GitHub Actions that gives a job its token. */
export interface TokenService extends AsyncDisposable {
  /** The variables of a job that may ask for one. */
  readonly env: Readonly<Record<string, string>>;
  /** For whom tokens were asked. */
  readonly audiences: readonly string[];
}

/** Stands in for that service (GitHub Docs, "OpenID Connect reference"): a request with the secret of the job gets the token. */
export async function startTokens(token: string): Promise<TokenService> {
  const secret = 'the secret of the job';
  const audiences: string[] = [];
  const server = createServer((request, response) => {
    const isAllowed = /^bearer (.+)$/i.exec(request.headers.authorization ?? '')?.[1] === secret;
    if (isAllowed)
      audiences.push(new URL(request.url ?? '', 'http://x').searchParams.get('audience') ?? 'none');
    response.writeHead(isAllowed ? 200 : 401, { 'content-type': 'application/json' });
    response.end(JSON.stringify(isAllowed ? { value: token } : {}));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    env: {
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: secret,
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${port}/token?api-version=2.0`,
    },
    audiences,
    [Symbol.asyncDispose]: async () => void server.close(),
  };
}

/** The identity and issuer in all certificates. */
export const IDENTITY = 'https://ci.example/org/repo/.ci/release.yml@refs/tags/v1';
export const ISSUER = 'https://ci.example';

const CURVE = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-days', '3650'];

/**
 * Stands in for Fulcio (API v2, `signingCert`) and a timestamp authority (RFC 3161), which tests cannot reach. Certificates
 * and timestamps are real, made by openssl, so that cosign and the verifier accept them. There is no transparency log.
 */
export async function startKeyless(directory: string): Promise<KeylessServices> {
  const at = (name: string) => join(directory, name);
  const authority = async (name: string) => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/O=test/CN=${name}`];
    const use = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
    await tool('openssl', 'req', '-x509', ...CURVE, ...files, ...use);
  };
  await authority('fulcio');
  await authority('tsa-ca');
  const tsa = ['-keyout', at('tsa.key'), '-out', at('tsa.pem'), '-subj', '/O=test/CN=tsa'];
  const by = ['-CA', at('tsa-ca.pem'), '-CAkey', at('tsa-ca.key')];
  const use = ['basicConstraints=critical,CA:FALSE', 'extendedKeyUsage=critical,timeStamping'];
  const extensions = use.flatMap((each) => ['-addext', each]);
  await tool('openssl', 'req', '-x509', ...CURVE, ...tsa, ...by, ...extensions);
  await writeFile(
    at('tsa-chain.pem'),
    `${await readFile(at('tsa.pem'), 'utf8')}${await readFile(at('tsa-ca.pem'), 'utf8')}`,
  );
  await writeFile(at('serial'), '01\n');
  await writeFile(at('tsa.cnf'), TSA_CONFIG.replace('SERIAL', at('serial')));
  await writeFile(at('leaf.cnf'), LEAF_CONFIG);

  const certify = async (body: Buffer) => {
    const { publicKeyRequest } = JSON.parse(body.toString()) as {
      publicKeyRequest: { publicKey: { content: string } };
    };
    await writeFile(at('asked.pem'), publicKeyRequest.publicKey.content);
    const ca = ['-CA', at('fulcio.pem'), '-CAkey', at('fulcio.key'), '-days', '1', '-subj', '/O=none'];
    const key = ['-new', '-force_pubkey', at('asked.pem'), '-extfile', at('leaf.cnf'), '-extensions', 'leaf'];
    await tool('openssl', 'x509', ...key, ...ca, '-out', at('leaf.pem'));
    const certificates = [await readFile(at('leaf.pem'), 'utf8'), await readFile(at('fulcio.pem'), 'utf8')];
    return JSON.stringify({ signedCertificateEmbeddedSct: { chain: { certificates } } });
  };
  const timestamp = async (body: Buffer) => {
    await writeFile(at('query'), body);
    const signer = ['-signer', at('tsa.pem'), '-inkey', at('tsa.key'), '-config', at('tsa.cnf')];
    await tool('openssl', 'ts', '-reply', '-queryfile', at('query'), ...signer, '-out', at('reply'));
    return readFile(at('reply'));
  };
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const body = Buffer.concat(pieces);
    const isTime = request.url === '/tsa';
    const type = isTime ? 'application/timestamp-reply' : 'application/json';
    const content = isTime ? await timestamp(body) : await certify(body);
    response.writeHead(200, { 'content-type': type }).end(content);
  };
  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;

  const cosign = (...args: string[]) => tool(join(PROJECT, '.tools/bin/cosign'), ...args);
  const service = (path: string) =>
    `url=${url}${path},api-version=1,start-time=2024-01-01T00:00:00Z,operator=test`;
  const times = ['--tsa', service('/tsa'), '--tsa-config', 'EXACT:1'];
  const people = ['--fulcio', service(''), '--oidc-provider', service('')];
  await cosign('signing-config', 'create', ...people, ...times, '--out', at('signing-config.json'));
  const root = (out: string, ending = '') =>
    cosign(
      ...['trusted-root', 'create', '--out', out],
      ...['--fulcio', `url=${url},certificate-chain=${at('fulcio.pem')}${ending}`],
      ...['--tsa', `url=${url}/tsa,certificate-chain=${at('tsa-chain.pem')}`],
    );
  await root(at('trusted-root.json'));
  await root(at('ended-root.json'), ',start-time=2020-01-01T00:00:00Z,end-time=2021-01-01T00:00:00Z');
  return {
    signingConfig: at('signing-config.json'),
    trustedRoot: at('trusted-root.json'),
    endedRoot: at('ended-root.json'),
    token: tokenOf({ iss: ISSUER, sub: 'org/repo', aud: 'sigstore', exp: 4_102_444_800 }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
    },
  };
}

function tokenOf(claims: object): string {
  const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  return `${part({ alg: 'RS256', typ: 'JWT' })}.${part(claims)}.${Buffer.from('none').toString('base64url')}`;
}

const TSA_CONFIG = `[tsa]
default_tsa = test
[test]
serial = SERIAL
default_policy = 1.2.3.4.1
digests = sha256
signer_digest = sha256
ess_cert_id_alg = sha256
`;

/** Extensions of Fulcio's certificates (Fulcio's page oid-info): .8 is the issuer. */
const LEAF_CONFIG = `[leaf]
keyUsage = critical,digitalSignature
extendedKeyUsage = codeSigning
subjectAltName = critical,URI:${IDENTITY}
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
1.3.6.1.4.1.57264.1.8 = ASN1:UTF8String:${ISSUER}
`;
