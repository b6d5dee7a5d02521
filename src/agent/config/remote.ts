import { type ConfigDocument, parseCloudConfig, parseStageFile } from '../../common/cloud-config/parse.ts';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { shownUrl } from '../../common/http/shown-url.ts';
import { templateData } from '../facts/template-data.ts';
import { fetchAdmitted } from '../trust/admit-url.ts';
import { describeProblem, type ReadingPurpose } from './config-files.ts';

/** Seconds that a server may take to answer. */
const TIMEOUT = 30;
/** Maximum size of a configuration, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** Maximum length of a chain of configurations linked by `config_url`. */
const MAX_DEPTH = 8;

/** Remote configurations, the requested one first. */
export interface Remote {
  readonly documents: readonly ConfigDocument[];
  /** Reasons why some could not be read; already logged. */
  readonly problems: readonly string[];
}

/** Options for reading remote configurations. */
export interface RemoteOptions {
  /** Whether to use the network; when false, only local files are read. Default: true. */
  readonly network?: boolean;
  /** What the documents are read for. Default: the configuration. */
  readonly purpose?: ReadingPurpose;
}

/**
 * Reads the configuration at a URL or path and follows its chain of `config_url`, at most eight configurations and none
 * twice (docs/contract.md 4.2). The URL may be a template with machine values. Never throws: failures are logged.
 */
export async function readRemote(host: Host, url: string, options: RemoteOptions = {}): Promise<Remote> {
  const documents: ConfigDocument[] = [];
  const problems: string[] = [];
  const parse = options.purpose === 'steps' ? parseStageFile : parseCloudConfig;
  const seen = new Set<string>();
  let next: string | undefined = url;
  while (next !== undefined) {
    const name: string = next;
    next = undefined;
    try {
      const address = await expandUrl(host, name);
      if (seen.has(address)) throw loopError(address, 'links back to itself');
      if (seen.size === MAX_DEPTH)
        throw loopError(address, `exceeds the limit of ${MAX_DEPTH} linked configurations`);
      seen.add(address);
      const text = await readAddress(host, address, options);
      if (text === undefined) break;
      const document = parse(isUrl(address) ? shown(address) : address, text);
      documents.push(document);
      next = configUrlOf(document);
    } catch (error) {
      const problem = describeProblem(`config_url ${shown(name)}`, error);
      host.log('error', problem);
      problems.push(problem);
    }
  }
  return { documents, problems };
}

/** The `config_url` of a configuration, if it has one. */
export function configUrlOf({ data }: Pick<ConfigDocument, 'data'>): string | undefined {
  const url = data['config_url'];
  return typeof url === 'string' && url !== '' ? url : undefined;
}

function loopError(address: string, what: string): FactoryError {
  return new FactoryError('CLOUD_CONFIG_UNREADABLE', `${shown(address)} ${what}`, {
    remedy: 'Shorten the chain of config_url, or break the loop.',
  });
}

async function expandUrl(host: Host, url: string): Promise<string> {
  return url.includes('{{') ? expandTemplate(url, escaped(await templateData(host))) : url;
}

/** Percent-encodes machine values, so that they cannot change the structure of a URL. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return encodeURIComponent(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)]));
}

/** Reads a file or URL; `undefined` for a URL when the network may not be used. */
async function readAddress(
  host: Host,
  address: string,
  { network = true }: RemoteOptions,
): Promise<string | undefined> {
  if (isUrl(address)) {
    if (network) return readAdmitted(host, address);
    host.log('debug', `${shown(address)} is left to a stage with network access`);
    return undefined;
  }
  const path = address.replace(/^file:\/\//i, '');
  const text = path.startsWith('/') ? await host.readText(path) : undefined;
  if (text !== undefined) return text;
  throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${path} does not exist`, {
    remedy: 'Give an http:// or https:// URL, or an absolute path.',
  });
}

/** Reads the configuration at a URL that the node's trust policy admits. @throws the errors of `fetchAdmitted` */
export async function readAdmitted(host: Host, url: string): Promise<string> {
  const bytes = await fetchAdmitted(host, { url, timeout: TIMEOUT, limit: LIMIT });
  return Buffer.from(bytes).toString('utf8');
}

function isUrl(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** A URL without the parts that may contain passwords and tokens, for logs. */
function shown(address: string): string {
  return isUrl(address) ? shownUrl(address) : address.replace(/[?#].*$/, '');
}
