import { type ConfigDocument, parseCloudConfig, parseStageFile } from '../../common/cloud-config/parse.ts';
import { expandTemplate } from '../../common/cloud-config/template/template.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import { shownUrl } from '../../common/http/shown-url.ts';
import { templateData } from '../facts/template-data.ts';
import { admitUrl, fetchAdmitted } from '../trust/admit-url.ts';
import { describeProblem, type ReadingPurpose } from './config-files.ts';
import { configUrlOf } from './config-url.ts';
import { failedJustNow, keepFetched, noteFailure, readFetched } from './fetched-configs.ts';

/** Seconds that one of three attempts may take; a server that answers nothing costs a boot less than a minute. */
const TIMEOUT = 15;
/** Milliseconds that the pauses between attempts may take when the server asks for longer ones. */
const PATIENCE = 15_000;
/** Maximum size of a configuration, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** Maximum length of a chain of configurations linked by `config_url`. */
const MAX_DEPTH = 8;

/** One configuration of a chain. */
export interface RemoteDocument extends ConfigDocument {
  /** The URL or path, with all its parts. */
  readonly address: string;
  /** Whether it was fetched and kept just now: what ran earlier in this boot ran without it. */
  readonly arrived: boolean;
}

/** Remote configurations, the requested one first. */
export interface Remote {
  readonly documents: readonly RemoteDocument[];
  /** Reasons why some could not be read; already logged. */
  readonly problems: readonly string[];
}

/** Where remote configurations come from. Files on the node are read in any case. */
export interface Fetching {
  /**
   * `always` fetches; `once` prefers the copy that an earlier reader of this boot kept, and does not repeat a failure of the last
   * two minutes; `never` reads that copy only. Default: `always`.
   */
  readonly fetch?: 'always' | 'once' | 'never';
  /** Whether what is fetched is kept for the rest of the boot. Default: false. */
  readonly keep?: boolean;
}

/** Options for reading remote configurations. */
export interface RemoteOptions extends Fetching {
  /** What the documents are read for. Default: the configuration. */
  readonly purpose?: ReadingPurpose;
}

/**
 * Reads the configuration at a URL or path and follows its chain of `config_url`, at most eight configurations and none
 * twice (docs/contract.md 4.2). The URL may be a template with machine values. Never throws: failures are logged.
 */
export async function readRemote(host: Host, url: string, options: RemoteOptions = {}): Promise<Remote> {
  const documents: RemoteDocument[] = [];
  const problems: string[] = [];
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
      const document = isUrl(address)
        ? await readUrl(host, address, options)
        : parsed(address, await readFile(host, address), options);
      if (document === undefined) break;
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

function parsed(address: string, text: string, { purpose }: RemoteOptions): RemoteDocument {
  const parse = purpose === 'steps' ? parseStageFile : parseCloudConfig;
  return { ...parse(isUrl(address) ? shown(address) : address, text), address, arrived: false };
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

async function readFile(host: Host, address: string): Promise<string> {
  const path = address.replace(/^file:\/\//i, '');
  const text = path.startsWith('/') ? await host.readText(path) : undefined;
  if (text !== undefined) return text;
  throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${path} does not exist`, {
    remedy: 'Give an http:// or https:// URL, or an absolute path.',
  });
}

/** @returns `undefined` when this boot has no copy, and a fetch is not allowed now */
async function readUrl(
  host: Host,
  address: string,
  options: RemoteOptions,
): Promise<RemoteDocument | undefined> {
  const { fetch = 'always', keep = false } = options;
  if (fetch !== 'always') {
    const copy = await readFetched(host, address);
    if (copy !== undefined) {
      // Who fetched it may not have had the policy yet.
      await admitUrl(host, address, { quiet: true });
      return parsed(address, copy, options);
    }
    if (fetch === 'never') {
      host.log('debug', `${shown(address)} is left to a stage with network access`);
      return undefined;
    }
    if (await failedJustNow(host, address)) throw failedError();
  }
  try {
    const text = await readAdmitted(host, address);
    // Only what is a configuration is kept: a captive portal answers with a page of its own.
    const document = parsed(address, text, options);
    if (keep) await keepFetched(host, address, text);
    return { ...document, arrived: keep };
  } catch (error) {
    if (keep) await noteFailure(host, address);
    throw error;
  }
}

function failedError(): FactoryError {
  return new FactoryError('DOWNLOAD_FAILED', 'it could not be fetched a moment ago', {
    remedy: 'It is tried again in a later stage, such as reconcile.',
  });
}

/** Reads the configuration at a URL that the node's trust policy admits. @throws the errors of `fetchAdmitted` */
export async function readAdmitted(host: Host, url: string): Promise<string> {
  const bytes = await fetchAdmitted(host, { url, timeout: TIMEOUT, patience: PATIENCE, limit: LIMIT });
  return Buffer.from(bytes).toString('utf8');
}

function isUrl(address: string): boolean {
  return /^https?:\/\//i.test(address);
}

/** A URL without the parts that may contain passwords and tokens, for logs. */
function shown(address: string): string {
  return isUrl(address) ? shownUrl(address) : address.replace(/[?#].*$/, '');
}
