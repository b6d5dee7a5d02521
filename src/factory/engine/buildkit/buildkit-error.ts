import { isDiskFull } from '../../../common/errors/explain.ts';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import type { BuildFailure } from './messages.ts';

/** What Go's TLS says about the certificate of a server (Go, crypto/x509 and crypto/tls). */
const UNTRUSTED = /x509: |tls: failed to verify certificate/;
/**
 * How a connection ends whose client is refused: with TLS 1.3, the client has sent its certificate and its first request when
 * the server closes, and may not get to read the alert (RFC 8446, "Alert Protocol").
 */
const REFUSED = /remote error: tls: |broken pipe|connection reset|EOF/;
/** What buildctl says of the files of its option --tlsdir. */
const UNUSABLE_FILES =
  /did not contain one of the needed files|could not read (?:ca )?certificate|failed to append ca certs/;
/** What gRPC says of a connection that has ended. */
const LOST =
  /Unavailable|error reading from server|transport is closing|connection (?:error|reset)|broken pipe|EOF$/;
/** What the frontend says of a Containerfile that it cannot read. */
const UNREADABLE = /dockerfile parse error|failed to parse|failed to read dockerfile/;

/**
 * Converts the error of the first request to a daemon.
 * @param to.place the address, and where it is configured
 * @param to.tls directory of the certificates, for a connection with TLS
 */
export function connectionError(
  { place, tls }: { readonly place: string; readonly tls?: string | undefined },
  error: unknown,
): unknown {
  if (!(error instanceof FactoryError) || error.kind !== 'step') return error;
  const said = error.details.join('\n');
  const details = [plainReason(error.details.at(-1) ?? error.message)];
  const cause = error;
  if (UNUSABLE_FILES.test(said)) {
    return new FactoryError('BUILDKIT_CONFIG_INVALID', `the certificates for ${place} cannot be used`, {
      details,
      remedy: 'Give --builder-tls a directory with ca.pem, cert.pem and key.pem.',
      cause,
    });
  }
  if (UNTRUSTED.test(said)) {
    return new FactoryError(
      'DAEMON_UNTRUSTED',
      `the certificate of the BuildKit daemon is not trusted: ${place}`,
      {
        details,
        remedy:
          'Check ca.pem, and that the certificate is valid for this host name or for buildkit.server-name.',
        cause,
      },
    );
  }
  if (tls !== undefined && REFUSED.test(said)) {
    return new FactoryError('BUILDKIT_UNAVAILABLE', `the BuildKit daemon refuses this client: ${place}`, {
      details,
      remedy: 'Give --builder-tls a client certificate of the authority that the daemon trusts.',
      cause,
    });
  }
  return new FactoryError('BUILDKIT_UNAVAILABLE', `the BuildKit daemon does not answer: ${place}`, {
    details,
    remedy: REFUSED.test(said)
      ? 'It may require TLS: add --builder-tls.'
      : 'Start it, correct the address, or use --engine buildah.',
    cause,
  });
}

/** The error of a builder that does not speak BuildKit's protocol. */
export function notBuildkit(place: string): FactoryError {
  return new FactoryError('BUILDKIT_UNAVAILABLE', `what answers is not a BuildKit daemon: ${place}`, {
    remedy: 'Check the address, and that buildctl and buildkitd have versions of the same year.',
  });
}

/**
 * Converts the error of a build.
 * @param build.local directories of this machine that the build reads and writes
 * @returns an error with the code `TOOL_FAILED` when an instruction failed, and `BUILDKIT_FAILED` for the daemon's own failures
 */
export function buildError(
  address: string,
  error: unknown,
  build: BuildFailure & { readonly local: readonly string[] },
): unknown {
  if (!(error instanceof FactoryError) || error.code !== 'TOOL_FAILED') return error;
  const { last: details, part, local } = build;
  const said = plainReason(build.said ?? error.message);
  const cause = error;
  if (isFull([said, ...details])) {
    const isHere = local.some((directory) => said.includes(directory));
    if (isHere) return new FactoryError('DISK_FULL', said, { details: [...details, said], cause });
    // Not a full disk of this machine, for which there would be other remedies.
    return new FactoryError(
      'BUILDKIT_FAILED',
      `the BuildKit daemon at ${address} has no space left: ${said}`,
      {
        details: details.filter((line) => !isFull([line])),
        remedy: `Free some space there, or prune its cache: buildctl --addr ${address} prune`,
        cause,
      },
    );
  }
  if (part?.isInstruction || UNREADABLE.test(said))
    return new FactoryError('TOOL_FAILED', `buildkit: ${said}`, { details, cause });
  if (part !== undefined && /cache/.test(part.name)) {
    return new FactoryError('BUILDKIT_FAILED', `buildkit: ${part.name}: ${said}`, {
      details,
      remedy: 'Check cache-to and cache-from: the daemon itself connects to the registry.',
      cause,
    });
  }
  if (LOST.test(build.said ?? '')) {
    return new FactoryError(
      'BUILDKIT_FAILED',
      `building the image: the connection to the BuildKit daemon at ${address} was lost`,
      {
        details: [...details, said],
        remedy:
          'Check that the daemon is still running, and its log; then run the command again to continue.',
        cause,
      },
    );
  }
  return new FactoryError('BUILDKIT_FAILED', `buildkit: ${said}`, { details, cause });
}

function isFull(details: readonly string[]): boolean {
  return isDiskFull({ details });
}

/** The part of a message of gRPC that says what happened. */
function plainReason(text: string): string {
  const quoted = /desc = ("(?:[^"\\]|\\.)*")/.exec(text)?.[1];
  const inner = quoted === undefined ? text : unquoted(quoted);
  return inner
    .replace(
      /^(?:error: |failed to list workers: |transport: |Error while dialing: |rpc error: code = \w+ desc = )+/g,
      '',
    )
    .split('\n')
    .filter((line) => line.trim() !== '')
    .join('; ');
}

function unquoted(text: string): string {
  try {
    return String(JSON.parse(text));
  } catch {
    return text;
  }
}
