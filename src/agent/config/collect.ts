import { fromDotted, mergeConfigs } from '../../common/cloud-config/merge.ts';
import { type ConfigData, type Header, parseCloudConfig } from '../../common/cloud-config/parse.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';
import { readCommandLine } from './command-line.ts';
import { configReader, describeProblem } from './config-files.ts';
import { configUrlOf, readRemote } from './remote.ts';

/** Later ones win; the medium is read without what is below its root (docs/contract.md 4.2). */
const DIRECTORIES = [
  NODE_PATH.liveMedium,
  NODE_PATH.settings,
  NODE_PATH.cloudConfig,
  NODE_PATH.oem,
  NODE_PATH.volatileUserData,
];
const SHALLOW = NODE_PATH.liveMedium;
const DEFAULT_HEADER: Header = '#cloud-config';

/** One configuration among those that were merged. */
export interface Layer {
  /** Its file or URL, `kernel command line`, or the name that its reader gave. */
  readonly name: string;
  readonly header: Header;
  readonly data: ConfigData;
}

/** All configuration of a node as one tree (docs/contract.md 4.2). */
export interface Collected {
  readonly data: ConfigData;
  /** Header of the first layer. */
  readonly header: Header;
  /** In the order in which they were merged; later ones win. */
  readonly layers: readonly Layer[];
  /** What should have been a layer and could not be read; logged already. */
  readonly problems: readonly string[];
}

/** Configuration in hand: what a person gave on the command line or in a form. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

/** What is collected. */
export interface CollectOptions {
  /** In place of the directories of the contract. */
  readonly directories?: readonly string[];
  readonly readers?: readonly ConfigText[];
  /** Wins over everything. */
  readonly overwrites?: ConfigData;
  /** Whether URLs can be fetched; they can by default. */
  readonly network?: boolean;
}

/**
 * Merges all configuration of a node: directories, readers, the kernel command line, overwrites; each with what its
 * `config_url` leads to laid over it (docs/contract.md 4.2). What cannot be read is logged and missing.
 * @throws FactoryError `usage` when a reader has no cloud-config
 */
export async function collectConfig(host: Host, options: CollectOptions = {}): Promise<Collected> {
  const layers: Layer[] = [];
  const problems: string[] = [];
  const follow = async (url: string | undefined) => {
    if (url === undefined) return;
    const remote = await readRemote(host, url, { network: options.network ?? true });
    layers.push(...remote.documents);
    problems.push(...remote.problems);
  };
  const add = async (layer: Layer) => {
    layers.push({ name: layer.name, header: layer.header, data: layer.data });
    await follow(configUrlOf(layer));
  };

  const read = configReader(host);
  const directories = (options.directories ?? DIRECTORIES).map((directory) =>
    read(directory, { shallow: directory === SHALLOW }),
  );
  for (const file of (await Promise.all(directories)).flat()) {
    if ('document' in file) await add(file.document);
    else problems.push(file.problem);
  }
  for (const { name, text } of options.readers ?? []) await add(parseCloudConfig(name, text));
  await addCommandLine(host, add, follow, problems);
  if (options.overwrites) await add(ownLayer('overwrites', options.overwrites));

  return {
    data: layers.reduce<ConfigData>((merged, { data }) => mergeConfigs(merged, data), {}),
    header: layers[0]?.header ?? DEFAULT_HEADER,
    layers,
    problems,
  };
}

function ownLayer(name: string, data: ConfigData): Layer {
  return { name, header: DEFAULT_HEADER, data };
}

async function addCommandLine(
  host: Host,
  add: (layer: Layer) => Promise<void>,
  follow: (url: string) => Promise<void>,
  problems: string[],
): Promise<void> {
  const name = 'kernel command line';
  const { configUrls, assignments } = await readCommandLine(host);
  for (const url of configUrls) await follow(url);
  if (assignments.length === 0) return;
  try {
    await add(ownLayer(name, fromDotted(assignments)));
  } catch (error) {
    const problem = describeProblem(name, error);
    host.log('error', problem);
    problems.push(problem);
  }
}
