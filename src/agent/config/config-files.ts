import {
  type CloudConfigDocument,
  looksLikeCloudConfig,
  parseCloudConfig,
} from '../../common/cloud-config/parse.ts';
import { CLOUD_CONFIG_LIMIT } from '../../common/contract/cloud-config-limit.ts';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';
import type { FileStat, Host } from '../../common/host/host.ts';

/** How deep directories are followed; configurations lie one or two below. */
const MAX_DEPTH = 8;

/** A configuration, or the reason why a file that claims to be one is none. */
export type ReadFile =
  | { readonly path: string; readonly document: CloudConfigDocument }
  | { readonly path: string; readonly problem: string };

/** Reads configurations, and remembers those whose file has not changed since. */
export type ConfigReader = (place: string, options?: { readonly shallow?: boolean }) => Promise<ReadFile[]>;

/**
 * A reader of directories, in lexicographic order and with what is below them, and of single files
 * (docs/contract.md 2.8, 4.1). What is no cloud-config is passed over, with a line in the log at level debug.
 */
export function configReader(host: Host): ConfigReader {
  const known = new Map<string, { readonly stamp: string; readonly file: ReadFile | undefined }>();
  const once = async ({ path, stat }: Found): Promise<ReadFile | undefined> => {
    const stamp = `${stat.size} ${stat.modified}`;
    const before = known.get(path);
    if (before?.stamp === stamp) return before.file;
    const file = await readConfig(host, path, stat);
    known.set(path, { stamp, file });
    return file;
  };
  return async (place, { shallow = false } = {}) => {
    const found = await find(host, place, shallow ? 1 : MAX_DEPTH);
    return (await Promise.all(found.map(once))).filter((file) => file !== undefined);
  };
}

interface Found {
  readonly path: string;
  readonly stat: FileStat;
}

/** What is asked for by name may have any ending and be a link; below it, links to directories are not followed. */
async function find(host: Host, path: string, depth: number, named = true): Promise<Found[]> {
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
    return (
      await Promise.all(names.map((name) => find(host, `${directory}/${name}`, depth - 1, false)))
    ).flat();
  } catch (error) {
    host.log('debug', `${path} is passed over: ${messageOf(error)}`);
    return [];
  }
}

async function readConfig(host: Host, path: string, stat: FileStat): Promise<ReadFile | undefined> {
  if (stat.size > CLOUD_CONFIG_LIMIT) {
    host.log('debug', `${path} is passed over: a cloud-config has at most 1 MiB`);
    return undefined;
  }
  try {
    const text = await host.readText(path);
    if (text === undefined) return undefined;
    if (looksLikeCloudConfig(text)) return { path, document: parseCloudConfig(path, text) };
    host.log('debug', `${path} is passed over: it has no cloud-config header`);
    return undefined;
  } catch (error) {
    const problem = describeProblem(path, error);
    host.log('error', problem);
    return { path, problem };
  }
}

/** An error in one line that names its file: those about content do so themselves, with line and column. */
export function describeProblem(name: string, error: unknown): string {
  const message = messageOf(error);
  const remedy = error instanceof FactoryError && error.remedy ? ` (${error.remedy})` : '';
  return `${message.startsWith(name) ? message : `${name}: ${message}`}${remedy}`;
}
