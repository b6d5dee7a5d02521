import {
  type ConfigDocument,
  looksLikeCloudConfig,
  parseStageFile,
} from '../../common/cloud-config/parse.ts';
import { CLOUD_CONFIG_LIMIT } from '../../common/contract/cloud-config-limit.ts';
import { FactoryError, messageOf, reasonOf } from '../../common/errors/factory-error.ts';
import type { FileStat, Host } from '../../common/host/host.ts';
import { explainOnNode } from '../host/error-lines.ts';

/** Maximum depth of subdirectories; configurations are usually one or two levels down. */
const MAX_DEPTH = 8;

/** A configuration, or the reason why a file is not one. */
export type ReadFile =
  | { readonly path: string; readonly document: ConfigDocument }
  | { readonly path: string; readonly problem: string };

/** Reads the configurations at a path; caches files that have not changed. `shallow` skips subdirectories. */
export type ConfigReader = (place: string, options?: { readonly shallow?: boolean }) => Promise<ReadFile[]>;

/** What configurations are read for: the merged configuration, or the steps of a stage. */
export type ReadingPurpose = 'configuration' | 'steps';

/**
 * Creates a reader of single files and of directories, in lexicographic order and with subdirectories
 * (docs/contract.md 2.8, 4.1). Files without a header count only for their steps; otherwise they are skipped, with a debug
 * message in the log.
 */
export function configReader(host: Host, purpose: ReadingPurpose): ConfigReader {
  const known = new Map<string, { readonly stamp: string; readonly file: ReadFile | undefined }>();
  const once = async ({ path, stat }: Found): Promise<ReadFile | undefined> => {
    const stamp = `${stat.size} ${stat.modified}`;
    const before = known.get(path);
    if (before?.stamp === stamp) return before.file;
    const file = await readConfig(host, { path, stat, purpose });
    known.set(path, { stamp, file });
    return file;
  };
  return async (place, { shallow = false } = {}) => {
    const found = await find(host, place, { depth: shallow ? 1 : MAX_DEPTH, named: true });
    return (await Promise.all(found.map(once))).filter((file) => file !== undefined);
  };
}

interface Found {
  readonly path: string;
  readonly stat: FileStat;
}

/** A path given by name may have any extension and be a link; below it, links to directories are not followed. */
async function find(
  host: Host,
  path: string,
  { depth, named }: { readonly depth: number; readonly named: boolean },
): Promise<Found[]> {
  const isConfig = named || /\.ya?ml$/i.test(path);
  try {
    let stat = await host.stat(path, { follow: named });
    if (stat?.kind === 'link' && isConfig) {
      stat = await host.stat(path);
      if (stat?.kind === 'directory') return [];
    }
    if (stat?.kind === 'file' && isConfig) return [{ path, stat }];
    if (stat?.kind !== 'directory' || depth === 0) return [];
    const directory = path.replace(/\/+$/, '');
    const names = await host.list(directory);
    const below = names.map((name) => find(host, `${directory}/${name}`, { depth: depth - 1, named: false }));
    return (await Promise.all(below)).flat();
  } catch (error) {
    host.log('debug', `skipping ${path}: ${reasonOf(error)}`);
    return [];
  }
}

async function readConfig(
  host: Host,
  { path, stat, purpose }: Found & { readonly purpose: ReadingPurpose },
): Promise<ReadFile | undefined> {
  if (stat.size > CLOUD_CONFIG_LIMIT) {
    host.log('debug', `skipping ${path}: it is larger than the 1 MiB limit of a cloud-config`);
    return undefined;
  }
  try {
    const text = await host.readText(path);
    if (text === undefined) return undefined;
    if (purpose === 'steps' || looksLikeCloudConfig(text))
      return { path, document: parseStageFile(path, text) };
    host.log('debug', `skipping ${path}: it has no cloud-config header`);
    return undefined;
  } catch (error) {
    const problem = describeProblem(path, error);
    host.log('error', problem);
    return { path, problem };
  }
}

/** An error as one line that starts with the name of the file, unless the message already does. */
export function describeProblem(name: string, thrown: unknown): string {
  const error = explainOnNode(thrown);
  const message = messageOf(error);
  const remedy = error instanceof FactoryError && error.remedy ? ` (${error.remedy})` : '';
  return `${message.startsWith(name) ? message : `${name}: ${message}`}${remedy}`;
}
