import { resolve } from 'node:path';
import { FactoryError, reasonOf } from '../errors/factory-error.ts';
import { fetchBytes } from '../http/fetch-retrying.ts';
import type { HttpPort } from '../http/http-port.ts';
import { examineCloudConfig, type Finding, renderFinding, type ValidationOptions } from './validate.ts';

/** How a command reads the document that it checks. */
export interface SourceReader extends HttpPort {
  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
}

/** Maximum size of a cloud-config, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** Milliseconds that a server has for its answer. */
const TIMEOUT = 60_000;

/** How findings are judged and printed. */
export interface CheckOptions {
  /** Report warnings as errors. */
  readonly strict: boolean;
  /** Print the findings as JSON instead of one line each. */
  readonly json: boolean;
  /** Receives the text to print. */
  readonly out: (text: string) => void;
}

/**
 * Validates a cloud-config and prints the findings (docs/contract.md 5.1, `validate`).
 * @param source a file, a URL, or `-` for standard input
 * @throws FactoryError `verification` when there are errors, `usage` when the file does not exist, `step` when the URL
 * cannot be fetched
 */
export async function checkSource(
  source: string,
  reader: SourceReader,
  { strict, json, out }: CheckOptions,
): Promise<void> {
  const name = source === '-' ? 'stdin' : source;
  const findings = examineCloudConfig(name, await readSource(source, reader), { strict });
  if (json) out(`${JSON.stringify(findings, null, 2)}\n`);
  else if (findings.length === 0) out(`${name}: valid\n`);
  else out(findings.map((finding) => `${renderFinding(finding)}\n`).join(''));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) {
    throw new FactoryError('CLOUD_CONFIG_REFUSED', `${name}: ${errors} error(s) in the cloud-config`, {
      remedy: 'Correct the listed errors; docs/cloud-config.md describes every key.',
    });
  }
}

/**
 * Refuses a cloud-config with errors, and passes each warning to `warn`.
 * @throws FactoryError `usage` whose message is the first error, with file, line and column; its details are the others
 */
export function requireValid(
  name: string,
  text: string,
  { warn, ...options }: ValidationOptions & { readonly warn: (line: string) => void },
): void {
  const findings = examineCloudConfig(name, text, options);
  const lines = (kind: Finding['severity']) =>
    findings.filter(({ severity }) => severity === kind).map(({ place, message }) => `${place}: ${message}`);
  for (const line of lines('warning')) warn(line);
  const [first, ...others] = lines('error');
  if (first === undefined) return;
  throw new FactoryError('CLOUD_CONFIG_INVALID', first, {
    details: others,
    remedy: 'Correct the cloud-config; docs/cloud-config.md describes every key.',
  });
}

/**
 * Reads a document: a file, a URL, or `-` for standard input.
 * @throws FactoryError `usage` when the file does not exist or cannot be read, `step` when the URL cannot be fetched
 */
export async function readSource(source: string, reader: SourceReader): Promise<string> {
  if (/^https?:\/\//.test(source)) return fetchText(source, reader);
  const path = source === '-' ? '/dev/stdin' : resolve(source);
  const text = await reader.readText(path).catch((error: unknown) => {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${source}: cannot be read: ${reasonOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  if (text === undefined) {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${source}: the file does not exist`, {
      remedy: 'Check the path.',
    });
  }
  return text;
}

async function fetchText(url: string, reader: SourceReader): Promise<string> {
  const remedy = 'Check the address and the network.';
  const bytes = await fetchBytes(reader, { url, limit: LIMIT, timeout: TIMEOUT, attempts: 1, remedy });
  return Buffer.from(bytes).toString('utf8');
}
