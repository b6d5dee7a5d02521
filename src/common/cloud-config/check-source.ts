import { resolve } from 'node:path';
import { FactoryError, messageOf } from '../errors/factory-error.ts';
import { fetchBytes } from '../http/fetch-retrying.ts';
import type { HttpPort } from '../http/http-port.ts';
import { examineCloudConfig, type Finding, renderFinding, type ValidationOptions } from './validate.ts';

/** How a command reaches what it is asked to check. */
export interface SourceReader extends HttpPort {
  /** `undefined` when there is no such file. */
  readText(path: string): Promise<string | undefined>;
}

/** No cloud-config is larger, in bytes. */
const LIMIT = 16 * 1024 * 1024;
/** Milliseconds that a server has for its answer. */
const TIMEOUT = 60_000;

/** How findings are shown. */
export interface CheckOptions {
  readonly strict: boolean;
  readonly json: boolean;
}

/**
 * Validates a cloud-config and prints what it finds (docs/contract.md 5.1, `validate`).
 * @param source a file, a URL, or `-` for standard input
 * @throws FactoryError `verification` when there are errors, `usage` when there is no such file, `step` without an answer
 * from the URL
 */
export async function checkSource(
  source: string,
  { strict, json }: CheckOptions,
  reader: SourceReader,
  out: (text: string) => void,
): Promise<void> {
  const name = source === '-' ? 'stdin' : source;
  const findings = examineCloudConfig(name, await readSource(source, reader), { strict });
  if (json) out(`${JSON.stringify(findings, null, 2)}\n`);
  else if (findings.length === 0) out(`${name}: valid\n`);
  else out(findings.map((finding) => `${renderFinding(finding)}\n`).join(''));
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  if (errors > 0) {
    throw new FactoryError('CLOUD_CONFIG_REFUSED', `${name}: ${errors} error(s) in the cloud-config`, {
      remedy: 'Correct what is listed; docs/cloud-config.md has every key.',
    });
  }
}

/**
 * Refuses a cloud-config with errors; warnings are returned.
 * @throws FactoryError `usage` whose first line is the first error, with file, line and column
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
    remedy: 'Correct the cloud-config; docs/cloud-config.md lists every key.',
  });
}

/**
 * Reads a document: a file, a URL, or `-` for standard input.
 * @throws FactoryError `usage` when there is no such file, `step` without an answer from the URL
 */
export async function readSource(source: string, reader: SourceReader): Promise<string> {
  if (/^https?:\/\//.test(source)) return fetchText(source, reader);
  const path = source === '-' ? '/dev/stdin' : resolve(source);
  const text = await reader.readText(path).catch((error: unknown) => {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${source}: cannot be read: ${messageOf(error)}`, {
      remedy: 'Check the path and its permissions.',
      cause: error,
    });
  });
  if (text === undefined) {
    throw new FactoryError('CLOUD_CONFIG_UNREADABLE', `${source}: there is no such file`, {
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
