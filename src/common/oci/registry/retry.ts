import { FactoryError, messageOf } from '../../errors/factory-error.ts';
import type { RegistryHost } from './registry-host.ts';

/** How often something is tried in all. */
const ATTEMPTS = 6;
/** Milliseconds before the second attempt; each further one waits twice as long, up to the limit. */
const [PAUSE, PAUSE_LIMIT] = [500, 30_000];
/** A registry may ask for more patience than that, up to this many milliseconds. */
const ASKED_LIMIT = 120_000;
/** Errors of certificates, by their codes in Node and in Bun; they do not pass. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/;

/** Something that may be better a moment later. */
export class TransientError extends Error {
  override readonly name = 'TransientError';
  /** Milliseconds that the other side asks to wait. */
  readonly wait: number | undefined;

  constructor(
    message: string,
    options: { readonly wait?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.wait = options.wait;
  }
}

/** What is retried, for messages, and who may end it. */
export interface Retrying {
  /** Begins the sentence "… cannot be fetched". */
  readonly name: string;
  /** Ends it. */
  readonly verb?: 'fetched' | 'pushed';
  readonly signal?: AbortSignal | undefined;
  /** How often it is tried in all. */
  readonly attempts?: number | undefined;
}

/**
 * Runs an attempt until it succeeds or fails for good. An attempt that got further than the one before it starts the
 * count anew by calling `progressed`.
 * @throws FactoryError `step` after the last attempt, `interrupted` after an abort; what an attempt throws otherwise
 */
export async function retrying<T>(
  host: RegistryHost,
  { name, verb = 'fetched', signal, attempts = ATTEMPTS }: Retrying,
  attempt: (progressed: () => void) => Promise<T>,
): Promise<T> {
  let failures = 0;
  for (;;) {
    signalled(signal);
    try {
      return await attempt(() => {
        failures = 0;
      });
    } catch (error) {
      signalled(signal);
      if (!(error instanceof TransientError)) throw error;
      failures += 1;
      if (failures >= attempts) {
        throw new FactoryError('REGISTRY_UNREACHABLE', `${name} cannot be ${verb}: ${error.message}`, {
          remedy:
            'Check the network, its proxy and name server, and whether the registry works; then try again.',
          cause: error,
        });
      }
      const pause = error.wait ?? jittered(Math.min(PAUSE * 2 ** (failures - 1), PAUSE_LIMIT));
      host.log('warn', `${name}: ${error.message}; trying again in ${Math.ceil(pause / 1000)} s`);
      await host.sleep(pause, signal).catch(() => signalled(signal));
    }
  }
}

/** @throws FactoryError `interrupted`, or the reason of the signal, when it was given */
export function signalled(signal: AbortSignal | undefined): void {
  if (!signal?.aborted) return;
  throw signal.reason instanceof FactoryError
    ? signal.reason
    : new FactoryError('INTERRUPTED', 'the transfer was interrupted');
}

/** What an error of `fetch`, or of a body that breaks off, means; errors of our own stay what they are. */
export function explainNetwork(host: string, error: unknown): Error {
  if (error instanceof FactoryError || error instanceof TransientError) return error;
  const reason = deepest(error);
  if (CERTIFICATE.test(reason.code)) {
    return new FactoryError(
      'CERTIFICATE_UNTRUSTED',
      `the certificate of ${host} is not trusted: ${reason.text}`,
      {
        remedy:
          'Check the clock; name your own CA with "ca" in the key "registries" of the factory, elsewhere with NODE_EXTRA_CA_CERTS; or allow the registry to be insecure.',
        cause: error,
      },
    );
  }
  return new TransientError(reason.text, { cause: error });
}

/** Milliseconds of a `Retry-After` header (RFC 9110, section 10.2.3): seconds, or a date. */
export function retryAfter(header: string | null, now: Date): number | undefined {
  if (header === null || header.trim() === '') return undefined;
  const seconds = /^\s*\d+\s*$/.test(header) ? Number(header) * 1000 : Date.parse(header) - now.getTime();
  return Number.isNaN(seconds) ? undefined : Math.min(Math.max(seconds, 0), ASKED_LIMIT);
}

/** The cause at the bottom is the one that says something: `fetch failed` does not. */
function deepest(error: unknown): { readonly code: string; readonly text: string } {
  let last = error;
  for (let depth = 0; depth < 5 && last instanceof Error && last.cause instanceof Error; depth++)
    last = last.cause;
  const code = String((last as { code?: unknown })?.code ?? '');
  // Bun adds advice for programmers.
  const text =
    messageOf(last).replace(/ For more information, pass .*$/, '') || code || 'the connection failed';
  return { code, text };
}

/** Many nodes that were told to upgrade at once do not come back at once. */
function jittered(milliseconds: number): number {
  return Math.round(milliseconds * (0.5 + Math.random()));
}
