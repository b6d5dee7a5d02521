import { fromDotted, mergeConfigs } from '../../common/cloud-config/merge.ts';
import {
  type ConfigData,
  type ConfigDocument,
  type Header,
  parseCloudConfig,
} from '../../common/cloud-config/parse.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import type { Host } from '../../common/host/host.ts';
import { readCommandLine } from './command-line.ts';
import { configReader, describeProblem } from './config-files.ts';
import { configUrlOf } from './config-url.ts';
import type { Fetching } from './remote.ts';

/** Later ones win. Only the top directory of the live medium is read (docs/contract.md 4.2). */
const DIRECTORIES = [
  NODE_PATH.liveMedium,
  NODE_PATH.settings,
  NODE_PATH.cloudConfig,
  NODE_PATH.oem,
  NODE_PATH.volatileUserData,
];
const SHALLOW = NODE_PATH.liveMedium;
const DEFAULT_HEADER: Header = '#cloud-config';
const COMMAND_LINE = 'kernel command line';

/** One of the merged configurations. */
export interface Layer {
  /** Its file or URL, `kernel command line`, or the name of its reader. */
  readonly name: string;
  readonly header: Header;
  readonly data: ConfigData;
}

/** The merged configuration of a node (docs/contract.md 4.2). */
export interface Collected {
  readonly data: ConfigData;
  /** Header of the first layer. */
  readonly header: Header;
  /** In merge order; later ones win. */
  readonly layers: readonly Layer[];
  /** Configurations that could not be read; already logged. */
  readonly problems: readonly string[];
}

/** Configuration that the caller supplies, such as answers in a dialogue. */
export interface ConfigText {
  readonly name: string;
  readonly text: string;
}

/** Sources of the configuration. */
export interface CollectOptions {
  /** Replaces the default directories. */
  readonly directories?: readonly string[];
  readonly readers?: readonly ConfigText[];
  /** Overrides every other layer. */
  readonly overwrites?: ConfigData;
  /** Whether to fetch URLs. Default: always. */
  readonly fetch?: Fetching['fetch'];
}

/**
 * Merges the configuration of a node: directories, readers, the kernel command line and overwrites, each overlaid with
 * the target of its `config_url` (docs/contract.md 4.2). Unreadable configurations are logged and skipped.
 * @throws FactoryError `usage` when the text of a reader is not a cloud-config
 */
export async function collectConfig(host: Host, options: CollectOptions = {}): Promise<Collected> {
  const layers: Layer[] = [];
  const problems: string[] = [];
  const follow = async (url: string | undefined) => {
    if (url === undefined) return;
    const { readRemote } = await import('./remote.ts');
    const remote = await readRemote(host, url, { fetch: options.fetch ?? 'always' });
    layers.push(...remote.documents.map(layerOf));
    problems.push(...remote.problems);
  };
  const add = async (layer: Layer) => {
    layers.push(layer);
    await follow(configUrlOf(layer));
  };

  const read = configReader(host, 'configuration');
  const directories = (options.directories ?? DIRECTORIES).map((directory) =>
    read(directory, { shallow: directory === SHALLOW }),
  );
  for (const file of (await Promise.all(directories)).flat()) {
    if ('document' in file) await add(layerOf(file.document));
    else problems.push(file.problem);
  }
  for (const { name, text } of options.readers ?? []) await add(layerOf(parseCloudConfig(name, text)));
  const commandLine = await readCommandLine(host);
  for (const url of commandLine.configUrls) await follow(url);
  try {
    const { assignments } = commandLine;
    if (assignments.length > 0) await add(ownLayer(COMMAND_LINE, fromDotted(assignments)));
  } catch (error) {
    const problem = describeProblem(COMMAND_LINE, error);
    host.log('error', problem);
    problems.push(problem);
  }
  if (options.overwrites) await add(ownLayer('overwrites', options.overwrites));

  return {
    data: layers.reduce<ConfigData>((merged, { data }) => mergeConfigs(merged, data), {}),
    header: layers[0]?.header ?? DEFAULT_HEADER,
    layers,
    problems,
  };
}

function layerOf({ name, header = DEFAULT_HEADER, data }: ConfigDocument): Layer {
  return { name, header, data };
}

function ownLayer(name: string, data: ConfigData): Layer {
  return { name, header: DEFAULT_HEADER, data };
}
