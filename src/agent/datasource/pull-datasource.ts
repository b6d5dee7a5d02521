import { renderYaml } from '../../common/cloud-config/render.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { readCommandLine } from '../config/command-line.ts';
import { ENDPOINTS } from './endpoints.ts';
import { fileProvider } from './file.ts';
import type { Found, Provider } from './found.ts';
import { httpProvider } from './http.ts';
import { describeMachine, readMachine } from './machine.ts';
import { cdromProvider, configDriveProvider } from './media.ts';
import { recogniseProviders } from './recognise.ts';
import { readUserData, type UserDataPart } from './user-data.ts';
import { vmwareProvider } from './vmware.ts';

/** Kernel argument that forces user data to be fetched again (docs/contract.md 4.9). */
const FORCE = 'kairos.pull_datasources';
/** User data may contain passwords. */
const PRIVATE = 0o600;
const RESULTS = ['userdata', 'userdata.yaml'];

/** Providers that read from the machine itself, tried before those on the network (docs/contract.md 4.9). */
const LOCAL: Readonly<Record<string, Provider>> = {
  cdrom: cdromProvider,
  'config-drive': configDriveProvider,
  vmware: vmwareProvider,
};

/** Options for fetching user data. */
export interface PullOptions {
  /** Target directory; default: `/oem/95_userdata`. */
  readonly path?: string | undefined;
  /** Asks a metadata service only if this machine can be in its cloud. Otherwise the person knows best. */
  readonly onlyRecognised?: boolean | undefined;
}

/**
 * Fetches the user data of this machine (docs/contract.md 4.9) from the first provider that has some, local providers
 * before those on the network. It writes `userdata` as received and `userdata.yaml`; more parts of a multipart message
 * become `userdata_01.yaml`, …, and a host name from metadata becomes `metadata.yaml`, which user data overrides. A script
 * becomes a command of the stage `boot`, which runs at each boot until it has succeeded once.
 *
 * @returns the directory with new user data; `undefined` when there is none, or when it was fetched earlier
 * @throws FactoryError `usage` when none of the providers is known, `step` when user data cannot be read or written
 */
export async function pullDatasource(
  host: Host,
  providers: readonly string[],
  { path = NODE_PATH.userData, onlyRecognised = false }: PullOptions = {},
): Promise<string | undefined> {
  const commandLine = (await readCommandLine(host)).text;
  const forced = commandLine.split(/\s+/).some((word) => word.split('=')[0] === FORCE);
  if (!forced && (await isPresent(host, path))) return undefined;
  const named = resolveProviders(host, providers);
  const asked = onlyRecognised ? await recognised(host, named, commandLine) : named;
  const found = await firstFound(host, asked);
  if (found === undefined) {
    if (asked.length > 0) host.log('info', `no user data from ${asked.map(({ name }) => name).join(', ')}`);
    return undefined;
  }
  return keep(host, found, path);
}

async function isPresent(host: Host, path: string): Promise<boolean> {
  const places = [path, NODE_PATH.volatileUserData];
  const files = places.flatMap((place) => RESULTS.map((name) => `${place}/${name}`));
  return (await Promise.all(files.map((file) => host.stat(file)))).some((stat) => stat !== undefined);
}

interface Named {
  readonly name: string;
  readonly local: boolean;
  readonly provider: Provider;
}

function resolveProviders(host: Host, names: readonly string[]): Named[] {
  const problems: string[] = [];
  const known = [...new Set(names)].flatMap((name): Named[] => {
    const local = LOCAL[name];
    if (local) return [{ name, local: true, provider: local }];
    const endpoint = ENDPOINTS.find((each) => each.name === name);
    if (endpoint) return [{ name, local: false, provider: httpProvider(endpoint) }];
    const place = /^file:(.+)$/.exec(name)?.[1];
    if (place) return [{ name: 'file', local: !/^https?:/i.test(place), provider: fileProvider(place) }];
    problems.push(
      name === 'maas'
        ? 'the provider maas is not supported: it needs the keys of a deployed machine'
        : `unknown provider ${name}`,
    );
    return [];
  });
  if (known.length === 0 && problems.length > 0) {
    const all = [...Object.keys(LOCAL), 'file:PLACE', ...ENDPOINTS.map(({ name }) => name)];
    throw new FactoryError('OPTION_INVALID', problems.join('; '), {
      remedy: `Choose from ${all.join(', ')}.`,
    });
  }
  for (const problem of problems) host.log('info', problem);
  return known;
}

/** Leaves out the metadata services of clouds that this machine is not in. */
async function recognised(host: Host, providers: readonly Named[], commandLine: string): Promise<Named[]> {
  const services = providers.filter(({ name }) => ENDPOINTS.some((endpoint) => endpoint.name === name));
  if (services.length === 0) return [...providers];
  const machine = await readMachine(host, commandLine);
  const clouds = recogniseProviders(machine);
  const some = services.filter(({ name }) => clouds.has(name)).map(({ name }) => name);
  const dmi = `by DMI (${describeMachine(machine)})`;
  host.log(
    'info',
    some.length > 0
      ? `${dmi}, this machine can be in ${some.join(', ')}; other metadata services are not asked`
      : `no cloud recognised ${dmi}; metadata services are not asked`,
  );
  return providers.filter((each) => !services.includes(each) || clouds.has(each.name));
}

/** Local providers run in turn, because they mount volumes; network ones run in parallel, because each may time out. */
async function firstFound(host: Host, providers: readonly Named[]): Promise<Found | undefined> {
  for (const each of providers.filter(({ local }) => local)) {
    const found = await ask(host, each);
    if (found) return found;
  }
  const remote = await Promise.all(providers.filter(({ local }) => !local).map((each) => ask(host, each)));
  return remote.find((found) => found !== undefined);
}

async function ask(host: Host, { name, provider }: Named): Promise<Found | undefined> {
  try {
    const found = await provider(host);
    if (found) host.log('info', `found user data with the provider ${name}`);
    return found;
  } catch (error) {
    host.log('debug', `provider ${name}: ${messageOf(error)}`);
    return undefined;
  }
}

interface Result {
  readonly name: string;
  readonly content: string | Uint8Array;
  readonly mode: number;
}

async function keep(host: Host, found: Found, path: string): Promise<string> {
  try {
    await writeAll(host, found, path);
    return path;
  } catch (error) {
    if (!isReadOnly(error)) throw error;
  }
  host.log('warn', `${path} is not writable: user data is kept for this boot only`);
  await writeAll(host, found, NODE_PATH.volatileUserData);
  return NODE_PATH.volatileUserData;
}

async function writeAll(host: Host, found: Found, directory: string): Promise<void> {
  const { parts, notes } = readUserData(found.userData);
  for (const note of notes) host.log('warn', note);
  await host.makeDirectory(directory, 0o700);
  const [first = [], ...others] = parts.map((part, index) => files(part, index, directory));
  const results: Result[] = others.flat();
  if (found.hostname !== undefined) {
    const text = `#cloud-config\n${renderYaml({ hostname: found.hostname })}`;
    results.push({ name: 'metadata.yaml', content: text, mode: PRIVATE });
  }
  if (found.networkConfig)
    results.push({ name: 'network-config', content: found.networkConfig, mode: PRIVATE });
  // These are written last, because their presence marks the user data as complete.
  results.push(...first, { name: 'userdata', content: found.userData, mode: PRIVATE });
  for (const { name, content, mode } of results) await host.write(`${directory}/${name}`, content, { mode });
}

function files({ kind, text }: UserDataPart, index: number, directory: string): Result[] {
  const suffix = index === 0 ? '' : `_${String(index).padStart(2, '0')}`;
  const name = `userdata${suffix}.yaml`;
  if (kind === 'config') return [{ name, content: text, mode: PRIVATE }];
  const script = `userdata-script${suffix}`;
  return [
    { name: script, content: text, mode: 0o700 },
    { name, content: bootStep(text, `${directory}/${script}`), mode: PRIVATE },
  ];
}

/** The interpreter is explicit, because the partition may be mounted with noexec. */
function bootStep(script: string, file: string): string {
  const interpreter = /^#!\s*(.*?)\s*$/m.exec(script)?.[1] || '/bin/sh';
  const step = {
    name: 'script of user data',
    if: `[ ! -e '${file}.done' ]`,
    commands: [`${interpreter} '${file}' && touch '${file}.done'`],
  };
  return `#cloud-config\n${renderYaml({ stages: { boot: [step] } })}`;
}

function isReadOnly(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return code === 'EROFS' || code === 'EACCES' || code === 'EPERM' || code === 'ENOSPC';
}
