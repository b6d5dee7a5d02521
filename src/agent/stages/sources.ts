import { dropInvalidParts } from '../../common/cloud-config/drop-invalid-parts.ts';
import { fromDotted, mergeConfigs } from '../../common/cloud-config/merge.ts';
import type { CloudConfigDocument } from '../../common/cloud-config/parse.ts';
import { stagesOf } from '../../common/cloud-config/stages.ts';
import type { StageStep } from '../../common/cloud-config/step-schema.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';
import { bootState } from '../config/boot-state.ts';
import { type CommandLine, readCommandLine } from '../config/command-line.ts';
import { configReader, describeProblem, type ReadFile } from '../config/config-files.ts';
import { readRemote } from '../config/remote.ts';

/** Where steps are defined, in the order in which they run (docs/contract.md 2.8). */
const DIRECTORIES = [
  NODE_PATH.systemOem,
  NODE_PATH.oem,
  NODE_PATH.volatileUserData,
  NODE_PATH.cloudConfig,
] as const;
/** Where live media have the configuration that was baked into them. */
const LIVE = NODE_PATH.liveMedium;
/** Settings of the agent; no steps are read from there (docs/contract.md 4.2). */
const SETTINGS = NODE_PATH.settings;
const COMMAND_LINE = 'kernel command line';
/**
 * Stages that run before the network is up (docs/contract.md 4.5): their units wait for no network, and an attempt
 * would hold up the boot. URLs are read in all others, and in these when the machine was booted over the network.
 */
const OFFLINE = ['rootfs', 'initramfs', 'fs', 'boot'];

/** A configuration and its steps. */
export interface StageFile {
  readonly path: string;
  /** Its own `name`, when it has one. */
  readonly name?: string;
  readonly stages: Readonly<Record<string, readonly StageStep[]>>;
}

/** Files whose steps are put in order together: a directory, a URL or the command line (docs/contract.md 4.6). */
export interface StageSource {
  readonly name: string;
  readonly files: readonly StageFile[];
}

/** All that can have steps, and what could not be read of it; problems are logged already. */
export interface Sources {
  readonly sources: readonly StageSource[];
  readonly problems: readonly string[];
}

/** Where steps come from. */
export interface SourceOptions {
  /** Further directories, files and URLs. */
  readonly paths?: readonly string[];
  /** Those only. */
  readonly override?: boolean;
}

/** Reads the sources as they are now; files that have not changed since the last time are not read again. */
export type ReadSources = () => Promise<Sources>;

/** A command line that brings the network up in the initramfs: dracut.cmdline(7), and the contract's `netboot`. */
const EARLY_NETWORK = /\bnetboot\b|\brd\.neednet=1\b|\broot=live:https?:/;

/** Whether a URL can be read in a stage, its `.before` and `.after` included. */
function hasNetwork(stage: string, { text }: CommandLine): boolean {
  return !OFFLINE.includes(stage.replace(/\.(before|after)$/, '')) || EARLY_NETWORK.test(text);
}

/**
 * The sources of a stage: `/system/oem`, on live media the medium itself, `/oem` with `95_userdata` in it (or its stand-in in RAM),
 * `/usr/local/cloud-config`, extra paths, URLs of the command line, and the command line
 * (docs/contract.md 2.8, 4.6, 4.9).
 */
export function sourceReader(host: Host, stage: string, options: SourceOptions = {}): ReadSources {
  const read = configReader(host);
  const remote = once(async (url: string) =>
    fetchFiles(host, url, hasNetwork(stage, await readCommandLine(host))),
  );
  const stagesIn = once((document: CloudConfigDocument) => toStageFile(host, document));
  const load = async (name: string): Promise<Loaded> => ({
    name,
    read: await (isUrl(name) ? remote(name) : read(name, { shallow: name === LIVE })),
  });
  // Here a file that is not there is an error: somebody has asked for it.
  const named = async (place: string) => {
    const stat = place.startsWith('/') ? await host.stat(place).catch(() => undefined) : undefined;
    return stat?.kind === 'directory' ? read(place) : remote(place);
  };
  const all = (names: readonly string[]) => Promise.all([...new Set(names)].map(load));

  return async () => {
    if (options.override) return assemble(await all(options.paths ?? []), stagesIn);
    const line = await readCommandLine(host);
    const commandLine = { name: COMMAND_LINE, read: commandLineConfig(host, line) };
    const places = await all(await ownPlaces(host));
    const settings = await load(SETTINGS);
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
  readonly read: readonly ReadFile[];
}

/** Remembers what a function gave for a key. */
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

/** Directories that configurations add by `cloud-init-paths` (docs/contract.md 4.3). */
function configuredPaths(loaded: readonly Loaded[]): string[] {
  return loaded
    .flatMap(({ read }) => read)
    .flatMap((file) => ('document' in file ? [file.document.data['cloud-init-paths']] : []))
    .flatMap((paths) => (Array.isArray(paths) ? paths : []))
    .filter((path) => typeof path === 'string');
}

async function fetchFiles(host: Host, url: string, network: boolean): Promise<ReadFile[]> {
  const { documents, problems } = await readRemote(host, url, { network });
  return [
    ...documents.map((document) => ({ path: document.name, document })),
    ...problems.map((problem) => ({ path: url, problem })),
  ];
}

/** What the command line itself configures, as one file. */
function commandLineConfig(host: Host, { assignments, stageAssignments }: CommandLine): ReadFile[] {
  if (assignments.length + stageAssignments.length === 0) return [];
  try {
    const data = mergeConfigs(fromDotted(assignments), fromDotted(stageAssignments));
    const document = {
      name: COMMAND_LINE,
      header: '#cloud-config' as const,
      data,
      locate: () => COMMAND_LINE,
    };
    return [{ path: COMMAND_LINE, document }];
  } catch (error) {
    const problem = describeProblem(COMMAND_LINE, error);
    host.log('error', problem);
    return [{ path: COMMAND_LINE, problem }];
  }
}

/** A configuration as steps; what no node could use is left out of it, and logged. */
function toStageFile(host: Host, document: CloudConfigDocument): CheckedFile {
  const name = document.data['name'];
  const checked = dropInvalidParts(document);
  const problems = checked.problems.map((problem) => describeProblem(document.name, new Error(problem)));
  for (const problem of problems) host.log('error', problem);
  const named = typeof name === 'string' && name !== '' ? { name } : {};
  return { file: { path: document.name, stages: stagesOf(checked.document), ...named }, problems };
}

function assemble(
  loaded: readonly Loaded[],
  stagesIn: (document: CloudConfigDocument) => CheckedFile,
): Sources {
  const problems: string[] = [];
  const sources = loaded.map(({ name, read }) => {
    const files = read.flatMap((file) => {
      if ('problem' in file) {
        problems.push(file.problem);
        return [];
      }
      const checked = stagesIn(file.document);
      problems.push(...checked.problems);
      return [checked.file];
    });
    return { name, files };
  });
  return { sources: sources.filter(({ files }) => files.length > 0), problems };
}
