import { z } from 'zod';
import { reasonOf } from '../../errors/factory-error.ts';
import { type Client, NODE_CLIENT } from './client.ts';
import type { ImageReference } from './image-reference.ts';
import type { RegistryHost } from './registry-host.ts';

/** What opens a registry. None of it is ever logged. */
export type Credentials =
  | { readonly kind: 'password'; readonly username: string; readonly password: string }
  /** A refresh token of OAuth 2 (distribution, "Token Authentication Specification"). */
  | { readonly kind: 'identity'; readonly token: string }
  /** Sent to the registry as it is. */
  | { readonly kind: 'bearer'; readonly token: string };

const entrySchema = z.looseObject({
  auth: z.string().optional(),
  username: z.string().optional(),
  password: z.string().optional(),
  identitytoken: z.string().optional(),
  registrytoken: z.string().optional(),
});
const fileSchema = z.looseObject({
  auths: z.record(z.string(), entrySchema).optional(),
  credHelpers: z.record(z.string(), z.string()).optional(),
  credsStore: z.string().optional(),
});
const helperSchema = z.object({ Username: z.string(), Secret: z.string() });
type AuthFile = z.infer<typeof fileSchema>;

/** Names of Docker Hub in credential files. */
const HUB = ['docker.io', 'index.docker.io', 'registry-1.docker.io'];
/** The server name of Docker Hub for credential helpers. */
const HUB_SERVER = 'https://index.docker.io/v1/';
/** What a helper prints when it has no credentials for a server (docker-credential-helpers, `errCredentialsNotFoundMessage`). */
const NOT_FOUND = 'credentials not found';
/** Milliseconds after which a helper is killed. */
const HELPER_TIMEOUT = 30_000;

/** Options of {@link findCredentials}. */
export interface CredentialOptions {
  readonly client?: Client;
  /**
   * Receives a sentence for each file or helper that cannot be used. None of them is an error yet, because the registry may
   * need no credentials.
   */
  readonly onProblem?: (problem: string) => void;
}

/**
 * Looks up the credentials for an image in the files of docker and podman (containers-auth.json(5)), and in the agent's
 * `/etc/kairos/registry.json`, which has the same format. The first file with an entry for the registry is used.
 */
export async function findCredentials(
  host: RegistryHost,
  reference: ImageReference,
  { client = NODE_CLIENT, onProblem }: CredentialOptions = {},
): Promise<Credentials | undefined> {
  const problem = (text: string) => {
    host.log('warn', text);
    onProblem?.(text);
  };
  for (const path of client.authFiles(host.env)) {
    const file = await readAuthFile(host, path, problem);
    const found = file && (await lookUp({ host, reference, problem }, file));
    if (found) {
      host.log('debug', `credentials for ${reference.registry} come from ${path}`);
      return found;
    }
  }
  return undefined;
}

async function readAuthFile(
  host: RegistryHost,
  path: string,
  problem: (text: string) => void,
): Promise<AuthFile | undefined> {
  try {
    const text = await host.readText(path);
    return text === undefined || text.trim() === '' ? undefined : fileSchema.parse(JSON.parse(text));
  } catch (error) {
    // The message of a parser may quote secrets from the file.
    const reason = error instanceof Error && 'code' in error ? reasonOf(error) : 'it is malformed';
    problem(`credentials in ${path} are ignored: ${reason}`);
    return undefined;
  }
}

/** What credentials are looked up for. */
interface LookUp {
  readonly host: RegistryHost;
  readonly reference: ImageReference;
  readonly problem: (text: string) => void;
}

async function lookUp(wanted: LookUp, file: AuthFile): Promise<Credentials | undefined> {
  const keys = keysOf(wanted.reference);
  const helper = valueFor(file.credHelpers, keys);
  if (helper !== undefined) return askHelper(wanted, helper);
  const entry = valueFor(file.auths, keys);
  const own = entry && fromEntry(entry);
  if (own || file.credsStore === undefined || file.credsStore === '') return own;
  return askHelper(wanted, file.credsStore);
}

/** Keys from the image's own path up to the registry, the most specific first. */
function keysOf({ registry, repository }: ImageReference): string[] {
  const parts = repository.split('/');
  const paths = parts.map((_, index) => `${registry}/${parts.slice(0, parts.length - index).join('/')}`);
  return [...paths, ...(HUB.includes(registry) ? HUB : [registry])];
}

function valueFor<T>(table: Readonly<Record<string, T>> | undefined, keys: readonly string[]): T | undefined {
  const entries = new Map(Object.entries(table ?? {}).map(([key, value]) => [normalized(key), value]));
  return keys.map((key) => entries.get(key)).find((value) => value !== undefined);
}

/** `https://index.docker.io/v1/` is `index.docker.io`. */
function normalized(key: string): string {
  return key
    .replace(/^https?:\/\//, '')
    .replace(/\/+$/, '')
    .replace(/\/v[12]$/, '');
}

function fromEntry(entry: z.infer<typeof entrySchema>): Credentials | undefined {
  if (entry.registrytoken) return { kind: 'bearer', token: entry.registrytoken };
  if (entry.identitytoken) return { kind: 'identity', token: entry.identitytoken };
  const pair = Buffer.from(entry.auth ?? '', 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  if (colon > 0) {
    // On some systems, docker pads encrypted passwords with NUL.
    const password = pair.slice(colon + 1).replace(/\0+$/, '');
    return { kind: 'password', username: pair.slice(0, colon), password };
  }
  if (!entry.username) return undefined;
  return { kind: 'password', username: entry.username, password: entry.password ?? '' };
}

/**
 * Runs a credential helper (docker-credential-helpers): it reads the server name, and prints JSON, or its error and exits
 * with another status than 0.
 */
async function askHelper(
  { host, reference, problem }: LookUp,
  name: string,
): Promise<Credentials | undefined> {
  const program = `docker-credential-${name}`;
  if (!/^[\w.-]+$/.test(name) || !(await host.has(program))) {
    problem(`the credential helper ${JSON.stringify(program)} is not installed`);
    return undefined;
  }
  const server = HUB.includes(reference.registry) ? HUB_SERVER : reference.registry;
  const options = { input: server, allowFailure: true, timeout: HELPER_TIMEOUT } as const;
  const answer = await host
    .run(program, ['get'], options)
    .catch((error: unknown) => ({ status: -1, stdout: reasonOf(error) }));
  const failed = (how: string) => problem(`the credential helper ${program} ${how} for ${server}`);
  if (answer.status !== 0) {
    if (!answer.stdout.includes(NOT_FOUND)) failed(`fails${reasonIn(answer.stdout)}`);
    return undefined;
  }
  try {
    const { Username: username, Secret: secret } = helperSchema.parse(JSON.parse(answer.stdout));
    if (username === '<token>') return { kind: 'identity', token: secret };
    // The helper for pass(1) prints empty credentials when it has none (docker/docker-credential-helpers#220).
    if (username === '' && secret === '') return undefined;
    return { kind: 'password', username, password: secret };
  } catch {
    failed('prints no usable credentials');
    return undefined;
  }
}

/** The first line of what a failing helper printed, unless that may be credentials. */
function reasonIn(output: string): string {
  const line = output.trim().split('\n')[0]?.replace(/\p{C}/gu, ' ').slice(0, 200) ?? '';
  return line === '' || line.startsWith('{') ? '' : ` ("${line}")`;
}
