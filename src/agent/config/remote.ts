import { type CloudConfigDocument, parseCloudConfig } from '../../common/cloud-config/parse.ts';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { shownUrl } from '../../common/http/shown-url.ts';
import { templateData } from '../facts/template-data.ts';
import { fetchBytesOnNode } from '../stages/fetch-retry.ts';
import { describeProblem } from './config-files.ts';

/** Seconds that a server has for its answer. */
const TIMEOUT = 30;
/** No configuration is larger, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** A configuration may name the next one by its own `config_url`, so often. */
const MAX_DEPTH = 8;

/** Configurations from elsewhere, the one that was asked for first. */
export interface Remote {
  readonly documents: readonly CloudConfigDocument[];
  /** Why some could not be had; logged already. */
  readonly problems: readonly string[];
}

/** How configurations from elsewhere are read. */
export interface RemoteOptions {
  /** Whether there is a network; without one only files are read. Yes by default. */
  readonly network?: boolean;
}

/**
 * Reads the configuration at a URL or a path, and those that it names by `config_url`, at most eight and none twice
 * (docs/contract.md 4.2). Machine values may stand in the URL as a template. Never throws: what fails is logged.
 */
export async function readRemote(host: Host, url: string, options: RemoteOptions = {}): Promise<Remote> {
  const documents: CloudConfigDocument[] = [];
  const problems: string[] = [];
  const seen = new Set<string>();
  let next: string | undefined = url;
  while (next !== undefined) {
    const name: string = next;
    next = undefined;
    try {
      const address = await expandUrl(host, name);
      if (seen.has(address)) throw loopError(address, 'is named again by what it leads to');
      if (seen.size === MAX_DEPTH) throw loopError(address, `would be one after ${MAX_DEPTH} others`);
      seen.add(address);
      const text = await readAddress(host, address, options);
      if (text === undefined) break;
      const document = parseCloudConfig(isUrl(address) ? shown(address) : address, text);
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

/** The `config_url` of a configuration. */
export function configUrlOf({ data }: Pick<CloudConfigDocument, 'data'>): string | undefined {
  const url = data['config_url'];
  return typeof url === 'string' && url !== '' ? url : undefined;
}

function loopError(address: string, what: string): FactoryError {
  return new FactoryError('CLOUD_CONFIG_UNREADABLE', `${shown(address)} ${what}`, {
    remedy: 'End the chain of config_url.',
  });
}

async function expandUrl(host: Host, url: string): Promise<string> {
  return url.includes('{{') ? expandTemplate(url, escaped(await templateData(host))) : url;
}

/** Values of the machine must not become other parts of a URL. */
function escaped(value: unknown): unknown {
  if (typeof value === 'string') return encodeURIComponent(value);
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, escaped(inner)]));
}

/** `undefined` when there is no network to read it over. */
async function readAddress(
  host: Host,
  address: string,
  { network = true }: RemoteOptions,
): Promise<string | undefined> {
  if (isUrl(address)) {
    if (network) {
      const bytes = await fetchBytesOnNode(host, { url: address, timeout: TIMEOUT, limit: LIMIT });
      return Buffer.from(bytes).toString('utf8');
    }
    host.log('debug', `${shown(address)} is left for a stage with a network`);
    return undefined;
  }
  const path = address.replace(/^file:\/\//i, '');
  const text = path.startsWith('/') ? await host.readText(path) : undefined;
  if (text !== undefined) return text;
  throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `there is no file ${path}`, {
    remedy: 'Give an http:// or https:// URL, or an absolute path.',
  });
}

function isUrl(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** An address as a log may show it. */
function shown(address: string): string {
  return isUrl(address) ? shownUrl(address) : address.replace(/[?#].*$/, '');
}
