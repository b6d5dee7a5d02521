import { dropInvalidParts } from '../../common/cloud-config/drop-invalid-parts.ts';
import { fromDotted, mergeConfigs } from '../../common/cloud-config/merge.ts';
import type { ConfigDocument } from '../../common/cloud-config/parse.ts';
import { stagesOf } from '../../common/cloud-config/stages.ts';
import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';
import { bootState } from '../config/boot-state.ts';
import { type CommandLine, parseCommandLine, readCommandLine } from '../config/command-line.ts';
import { configReader, describeProblem, type ReadFile } from '../config/config-files.ts';
import type { RemoteOptions } from '../config/remote.ts';
import { fetchingIn } from './boot-order.ts';
import { linkFollower, type SourceFile } from './linked-configs.ts';

/** Directories with steps, in execution order (docs/contract.md 2.8). */
const DIRECTORIES = [
  NODE_PATH.systemOem,
  NODE_PATH.oem,
  NODE_PATH.volatileUserData,
  NODE_PATH.cloudConfig,
] as const;
/** Directory of the configuration that is built into live media. */
const LIVE = NODE_PATH.liveMedium;
/** Settings of the agent; steps in them are ignored (docs/contract.md 4.2). */
const SETTINGS = NODE_PATH.settings;
const COMMAND_LINE = 'kernel command line';
/** A configuration and its steps. */
export interface StageFile {
  readonly path: string;
  /** The `name` in the configuration, if it has one. */
  readonly name?: string;
  readonly stages: Readonly<Record<string, readonly StageStep[]>>;
}

/** Files whose steps are ordered together: a directory, a URL or the command line (docs/contract.md 4.6). */
export interface StageSource {
  readonly name: string;
  readonly files: readonly StageFile[];
}

/** All sources of steps, and the problems of reading them, which are already logged. */
export interface Sources {
  readonly sources: readonly StageSource[];
  /** Configurations among them that were fetched just now, by URL: earlier stages ran without them. */
  readonly arrived: ReadonlyMap<string, StageFile>;
  readonly problems: readonly string[];
}

/** Selects the sources of steps. */
export interface SourceOptions {
  /** Additional directories, files and URLs. */
  readonly paths?: readonly string[];
  /** Read only `paths`. */
  readonly override?: boolean;
  /** Whether what is fetched is kept for this boot, which then counts as having run it. Default: true. */
  readonly keep?: boolean;
}

/** Reads the current sources; unchanged files are not read again. */
export type ReadSources = () => Promise<Sources>;

/**
 * Creates a reader of the sources of a stage: `/system/oem`, the medium on live systems, `/oem` including `95_userdata` (or
 * its replacement in RAM), `/usr/local/cloud-config`, additional paths, URLs of the command line, and the command line
 * (docs/contract.md 2.8, 4.6, 4.9). Each file is followed by what its `config_url` leads to.
 */
export function sourceReader(host: Host, stage: string, options: SourceOptions = {}): ReadSources {
  const read = configReader(host, 'steps');
  // The medium may hold other people's YAML (docs/contract.md 3.1).
  const readLive = configReader(host, 'configuration');
  const remote = once(async (url: string) => {
    const { fetch, keep } = fetchingIn(stage, await readCommandLine(host));
    return fetchFiles(host, url, { fetch, keep: keep && (options.keep ?? true), purpose: 'steps' });
  });
  const withLinked = linkFollower(remote);
  const stagesIn = once((document: ConfigDocument) => tryStageFile(host, document));
  const ofCommandLine = once((text: string) => commandLineConfig(host, parseCommandLine(text)));
  const load = async (name: string): Promise<Loaded> => {
    if (isUrl(name)) return { name, read: await remote(name) };
    return {
      name,
      read: await withLinked(await (name === LIVE ? readLive(name, { shallow: true }) : read(name))),
    };
  };
  // A path on the command line was requested explicitly, so a missing file is an error.
  const named = async (place: string) => {
    const stat = place.startsWith('/') ? await host.stat(place).catch(() => undefined) : undefined;
    return stat?.kind === 'directory' ? withLinked(await read(place)) : remote(place);
  };
  const all = (names: readonly string[]) => Promise.all([...new Set(names)].map(load));

  return async () => {
    if (options.override) return assemble(await all(options.paths ?? []), stagesIn);
    const line = await readCommandLine(host);
    const commandLine = { name: COMMAND_LINE, read: await withLinked(ofCommandLine(line.text)) };
    const places = await all(await ownPlaces(host));
    // Its own steps do not count, nor those of its `config_url`.
    const settings = { name: SETTINGS, read: await read(SETTINGS) };
    const extra = [...configuredPaths([settings, ...places, commandLine]), ...(options.paths ?? [])];
    return assemble(
      [
        ...places,
        ...(await all(extra)),
        ...(await Promise.all(line.stageUrls.map(async (name) => ({ name, read: await named(name) })))),
        commandLine,
      ],
      stagesIn,
    );
  };
}

interface CheckedFile {
  readonly file: StageFile;
  readonly problems: readonly string[];
}

interface Loaded {
  readonly name: string;
  readonly read: readonly SourceFile[];
}

/** Caches the results of a function by key. */
function once<K, V>(get: (key: K) => V): (key: K) => V {
  const known = new Map<K, V>();
  return (key) => {
    const value = known.has(key) ? (known.get(key) as V) : get(key);
    known.set(key, value);
    return value;
  };
}

function isUrl(place: string): boolean {
  return /^(https?|file):\/\//i.test(place);
}

async function ownPlaces(host: Host): Promise<string[]> {
  const [system, ...others] = DIRECTORIES;
  return [system, ...((await bootState(host)) === 'livecd_boot' ? [LIVE] : []), ...others];
}

/** Directories that configurations add with `cloud-init-paths` (docs/contract.md 4.3). */
function configuredPaths(loaded: readonly Loaded[]): string[] {
  return loaded
    .flatMap(({ read }) => read)
    .flatMap((file) => ('document' in file ? [file.document.data['cloud-init-paths']] : []))
    .flatMap((paths) => (Array.isArray(paths) ? paths : []))
    .filter((path) => typeof path === 'string');
}

async function fetchFiles(host: Host, url: string, options: RemoteOptions): Promise<SourceFile[]> {
  const { readRemote } = await import('../config/remote.ts');
  const { documents, problems } = await readRemote(host, url, options);
  return [
    ...documents.map(({ address, arrived, ...document }) => ({
      path: document.name,
      document,
      remote: { address, arrived },
    })),
    ...problems.map((problem) => ({ path: url, problem })),
  ];
}

/** The configuration on the command line, as one file. */
function commandLineConfig(host: Host, { assignments, stageAssignments }: CommandLine): ReadFile[] {
  if (assignments.length + stageAssignments.length === 0) return [];
  try {
    const data = mergeConfigs(fromDotted(assignments), fromDotted(stageAssignments));
    const document = {
      name: COMMAND_LINE,
      header: '#cloud-config' as const,
      data,
      retyped: [],
      locate: () => COMMAND_LINE,
    };
    return [{ path: COMMAND_LINE, document }];
  } catch (error) {
    const problem = describeProblem(COMMAND_LINE, error);
    host.log('error', problem);
    return [{ path: COMMAND_LINE, problem }];
  }
}

/** A file must not take the others along, whatever goes wrong with it. */
function tryStageFile(host: Host, document: ConfigDocument): CheckedFile {
  try {
    return toStageFile(host, document);
  } catch (error) {
    const problem = describeProblem(document.name, error);
    host.log('error', problem);
    return { file: { path: document.name, stages: {} }, problems: [problem] };
  }
}

/** Extracts the steps of a configuration; invalid parts are dropped and logged. */
function toStageFile(host: Host, document: ConfigDocument): CheckedFile {
  const name = document.data['name'];
  const checked = dropInvalidParts(document);
  const problems = checked.problems.map((problem) => describeProblem(document.name, new Error(problem)));
  for (const problem of problems) host.log('error', problem);
  const named = typeof name === 'string' && name !== '' ? { name } : {};
  return { file: { path: document.name, stages: stagesOf(checked.document), ...named }, problems };
}

/** Checks the files. A configuration that several others lead to counts once, at its first place. */
function assemble(loaded: readonly Loaded[], stagesIn: (document: ConfigDocument) => CheckedFile): Sources {
  const problems: string[] = [];
  const arrived = new Map<string, StageFile>();
  const addresses = new Set<string>();
  const sources = loaded.map(({ name, read }) => {
    const files = read.flatMap((file) => {
      if ('problem' in file) {
        problems.push(file.problem);
        return [];
      }
      if (file.remote && addresses.has(file.remote.address)) return [];
      if (file.remote) addresses.add(file.remote.address);
      const checked = stagesIn(file.document);
      problems.push(...checked.problems);
      if (file.remote?.arrived) arrived.set(file.remote.address, checked.file);
      return [checked.file];
    });
    return { name, files };
  });
  return { sources: sources.filter(({ files }) => files.length > 0), arrived, problems };
}
