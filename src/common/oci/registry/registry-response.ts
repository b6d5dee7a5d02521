import { FactoryError } from '../../errors/factory-error.ts';
import { expectDigest } from '../../files/digest.ts';
import { readBeginning } from '../../http/read-limited.ts';

/** Maximum number of bytes of a response to read for error codes (distribution-spec 1.1, "Error Codes"). */
const LIMIT = 64 * 1024;
/** Maximum number of lines of a registry's error message. */
const LINES = 4;

/**
 * Returns the error messages in a response, one per line. Of a response that is not JSON: the title of a web page, or the
 * first line of a text.
 */
export async function refusalLines(response: Response): Promise<string[]> {
  const text = await readBeginning(response, LIMIT).then(
    (bytes) => Buffer.from(bytes).toString('utf8'),
    () => '',
  );
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (!Array.isArray(errors)) return [];
    return errors
      .slice(0, LINES)
      .map(({ code, message }: { code?: unknown; message?: unknown }) =>
        printable([code, message].filter((part) => typeof part === 'string').join(': ')),
      );
  } catch {
    const isPage = isWebPage(response) || text.trimStart().startsWith('<');
    const line = isPage ? /<title[^>]*>([^<]*)/i.exec(text)?.[1] : text.trim().split('\n')[0];
    const shown = printable(line ?? '').trim();
    if (shown === '') return [];
    return [isPage ? `the title of the web page: ${shown}` : shown];
  }
}

/** The text is untrusted, and is printed to a terminal. */
function printable(text: string): string {
  return text.replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ').slice(0, 300);
}

/** Whether a response says that it is a web page. */
export function isWebPage({ headers }: Pick<Response, 'headers'>): boolean {
  return /^(?:text\/html|application\/xhtml\+xml)\b/i.test(headers.get('content-type') ?? '');
}

/** Returns the error for a server that responds with a web page. @param host the server that sent it */
export async function webPage(host: string, response: Response): Promise<FactoryError> {
  const problem = `${host} responds with a web page, not as a registry (HTTP ${response.status})`;
  return new FactoryError('REGISTRY_REFUSED', problem, {
    details: await refusalLines(response),
    remedy:
      'Check the address. If it is right, a proxy, a firewall, a login page or a maintenance page has answered instead: open the address in a browser, or set NO_PROXY.',
  });
}

/** Remedies by status. */
const REMEDIES: Readonly<Record<number, string>> = {
  404: 'Check the name; some registries require that a repository is created before the first push.',
  405: 'Check that the address belongs to a registry that accepts pushes.',
  413: 'Raise the request size limit of the proxy in front of the registry.',
};

/** The remedy when a registry knows no manifests that refer to an image (aws/containers-roadmap#2783). */
const NO_REFERRERS =
  'A registry of OCI 1.1 takes manifests that refer to an image. Push to another one, or push the image without accompanying files (docs/publishing.md).';
/** Statuses with which such a registry refuses them. */
const REFERRER_REFUSED = [400, 405, 415, 422];

/** A registry, and what it has refused. */
export interface RefusedContent {
  readonly registry: string;
  /** Whether it is a manifest that refers to another one. */
  readonly isReferrer?: boolean;
}

/** Returns the error for a request that a registry refuses permanently. */
export async function refused(
  what: string,
  response: Response,
  { registry, isReferrer = false }: RefusedContent,
): Promise<FactoryError> {
  const details = await refusalLines(response);
  const { status } = response;
  const special = isReferrer && REFERRER_REFUSED.includes(status) ? NO_REFERRERS : REMEDIES[status];
  return new FactoryError('REGISTRY_REFUSED', `${registry} refuses ${what}: HTTP ${status}`, {
    details,
    remedy: special ?? 'Check the name and the details; the log of the registry may explain more.',
  });
}

/**
 * Compares the digest in a registry's response, which is optional, with the expected one.
 * @throws FactoryError `verification` when they differ
 */
export function expectStoredDigest(what: string, digest: string, response: Response): void {
  const stored = response.headers.get('docker-content-digest')?.trim();
  if (stored !== undefined && stored !== '')
    expectDigest(`the content that the registry stored for ${what}`, digest, stored);
}
