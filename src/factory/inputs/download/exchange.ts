import { FactoryError, messageOf } from '../../../common/errors/factory-error.ts';

/** What of the platform's `fetch` is used. */
export type Fetch = (url: string, request: RequestInit) => Promise<Response>;

/** Milliseconds that a server may ask for patience. */
const PATIENCE = 120_000;
/** Answers that may be others a moment later: RFC 9110 section 15, RFC 6585 section 4. */
const TEMPORARY = new Set([408, 425, 429]);
/** Errors of certificates do not pass. */
const CERTIFICATE = /CERT|SELF_SIGNED|UNABLE_TO_VERIFY|UNABLE_TO_GET_ISSUER|ALTNAME/;

/** An exchange that failed and may succeed a moment later. */
export class Broken extends Error {
  override readonly name = 'Broken';
  /** Milliseconds that the server asks to wait. */
  readonly wait: number | undefined;

  constructor(
    message: string,
    options: { readonly wait?: number | undefined; readonly cause?: unknown } = {},
  ) {
    super(message, { cause: options.cause });
    this.wait = options.wait;
  }

  /** What an error of the connection means. */
  static from(url: string, error: unknown): Error {
    if (error instanceof FactoryError || error instanceof Broken) return error;
    const { host } = new URL(url);
    // `fetch failed` says nothing; the cause at the bottom does.
    let last = error;
    for (let depth = 0; depth < 5 && last instanceof Error && last.cause instanceof Error; depth++)
      last = last.cause;
    const code = String((last as { code?: unknown } | undefined)?.code ?? '');
    const reason = messageOf(last) || code || 'the connection failed';
    if (CERTIFICATE.test(code)) {
      return new FactoryError(
        'CERTIFICATE_UNTRUSTED',
        `the certificate of ${host} is not trusted: ${reason}`,
        {
          remedy: 'Check the clock; name your own authority with NODE_EXTRA_CA_CERTS.',
          cause: error,
        },
      );
    }
    return new Broken(`${host} cannot be reached: ${reason}`, { cause: error });
  }
}

/**
 * One exchange; redirects are followed, and never from https to http.
 * @returns an answer of status 200, 206 or 416
 * @throws {@link Broken} when another attempt may end better, FactoryError `step` when it would not
 */
export async function exchange(
  fetch: Fetch,
  url: string,
  signal: AbortSignal,
  range?: string,
): Promise<Response> {
  // Silence of five minutes ends an exchange: so has it Node.js.
  const headers = { 'accept-encoding': 'identity', ...(range === undefined ? {} : { range }) };
  const response = await fetch(url, { headers, signal }).catch((error: unknown) => {
    throw Broken.from(url, error);
  });
  const { status } = response;
  const { host } = new URL(url);
  if (url.startsWith('https:') && response.url.startsWith('http:')) {
    await response.body?.cancel();
    throw new FactoryError(
      'REDIRECT_WITHOUT_TLS',
      `${host} redirects from https to ${new URL(response.url).host} without TLS`,
      {
        remedy: 'Use an address that stays with https.',
      },
    );
  }
  if (response.ok || (status === 416 && range !== undefined)) return response;
  await response.body?.cancel();
  if (status >= 500 || TEMPORARY.has(status)) {
    const seconds = Number(response.headers.get('retry-after') || Number.NaN);
    const wait = Number.isFinite(seconds) ? Math.min(seconds * 1000, PATIENCE) : undefined;
    throw new Broken(`${host} answers HTTP ${status}`, { wait });
  }
  throw new FactoryError('DOWNLOAD_FAILED', `${host} answers HTTP ${status} for ${new URL(url).pathname}`, {
    remedy: 'Check address and version; or fetch the file elsewhere and name it by its path.',
  });
}

/**
 * A small text, such as a list of checksums.
 * @param limit how many characters it may have
 * @throws FactoryError `step` when it cannot be had, `verification` when it is larger
 */
export async function fetchText(
  fetch: Fetch,
  url: string,
  signal: AbortSignal,
  limit: number,
): Promise<string> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const response = await exchange(fetch, url, signal);
      const text = await response.text().catch((error: unknown) => {
        throw Broken.from(url, error);
      });
      if (text.length <= limit) return text;
      throw new FactoryError('RESPONSE_TOO_LARGE', `${url} is larger than ${limit} characters`, {
        remedy: 'Check the address: this is not what it should be.',
      });
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Broken)) throw error;
      if (attempt < 3) continue;
      throw new FactoryError('DOWNLOAD_FAILED', error.message, {
        remedy: 'Check the network and its proxy (HTTPS_PROXY).',
        cause: error,
      });
    }
  }
}
