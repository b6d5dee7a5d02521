import { FactoryError } from '../../errors/factory-error.ts';
import { expectDigest } from '../../files/digest.ts';
import { readBeginning } from '../../http/read-limited.ts';

/** Maximum number of bytes of a response to read for error codes (distribution-spec 1.1, "Error Codes"). */
const LIMIT = 64 * 1024;
/** Maximum number of lines of a registry's error message. */
const LINES = 4;

/** Returns the error messages in a response, one per line; none when the response cannot be parsed. */
export async function refusalLines(response: Response): Promise<string[]> {
  const text = await readBeginning(response, LIMIT).then(
    (bytes) => Buffer.from(bytes).toString('utf8'),
    () => '',
  );
  try {
    const { errors } = JSON.parse(text) as { errors?: unknown };
    if (!Array.isArray(errors)) return [];
    return errors.slice(0, LINES).map(({ code, message }: { code?: unknown; message?: unknown }) =>
      [code, message]
        .filter((part) => typeof part === 'string')
        .join(': ')
        // The text is untrusted, and is printed to a terminal.
        .replace(/[^\x20-\x7e\u00a0-\uffff]/g, ' ')
        .slice(0, 300),
    );
  } catch {
    return [];
  }
}

/** Remedies by status. */
const REMEDIES: Readonly<Record<number, string>> = {
  404: 'Check the name; some registries require that a repository is created before the first push.',
  405: 'Check that the address belongs to a registry that accepts pushes.',
  413: 'Raise the request size limit of the proxy in front of the registry.',
};

/** Returns the error for a request that a registry refuses permanently. */
export async function refused(what: string, registry: string, response: Response): Promise<FactoryError> {
  const details = await refusalLines(response);
  const { status } = response;
  return new FactoryError('REGISTRY_REFUSED', `${registry} refuses ${what}: HTTP ${status}`, {
    details,
    remedy: REMEDIES[status] ?? 'Check the name and the details; the log of the registry may explain more.',
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
