import { FactoryError } from '../../errors/factory-error.ts';
import { expectDigest } from '../../files/digest.ts';
import { readBeginning } from '../../http/read-limited.ts';

/** distribution-spec 1.1, "Error Codes": at most this much of an answer is read for them. */
const LIMIT = 64 * 1024;
/** Maximum number of lines of a registry's error message. */
const LINES = 4;

/** What a registry says about a request that it refuses, line by line; nothing when it says nothing that can be read. */
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

/** Remedies by status, for what people can do something about. */
const REMEDIES: Readonly<Record<number, string>> = {
  404: 'Check the name; some registries want a repository to be made before anything is pushed to it.',
  405: 'Check that the address is that of a registry that may be written to.',
  413: 'Raise the limit for the size of requests in the proxy before the registry.',
};

/** @returns the error for a request that a registry refuses for good */
export async function refused(what: string, registry: string, response: Response): Promise<FactoryError> {
  const details = await refusalLines(response);
  const { status } = response;
  return new FactoryError('REGISTRY_REFUSED', `${registry} does not take ${what}: HTTP ${status}`, {
    details,
    remedy:
      REMEDIES[status] ??
      'Check the name, and what the registry says; its log may say more about the request.',
  });
}

/**
 * Compares the digest that a registry answers with ours; it need not say one.
 * @throws FactoryError `verification` when it says another one
 */
export function expectAnswered(what: string, digest: string, response: Response): void {
  const told = response.headers.get('docker-content-digest')?.trim();
  if (told !== undefined && told !== '')
    expectDigest(`what the registry has stored for ${what}`, digest, told);
}
