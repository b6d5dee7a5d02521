import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { getCACertificates } from 'node:tls';
import type { HttpFetch, HttpRequest, StreamBody } from '../host/http-fetch.ts';

/** The certificates and proxies to use. */
export interface NodeFetchOptions {
  /** CA certificates to trust in addition to those of Node and of the system, as PEM. */
  readonly ca?: string | undefined;
  /** `HTTP_PROXY`, `HTTPS_PROXY` and `NO_PROXY` name the proxies, in upper or lower case. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** Statuses without a body (Fetch standard, "null body status"). */
const EMPTY = [101, 204, 205, 304];

/**
 * Returns the factory's `fetch`, based on `node:http`, because Node's own `fetch` accepts neither proxies nor certificates
 * from its caller. It has no idle timeout.
 */
export function createNodeFetch({ ca, env }: NodeFetchOptions): HttpFetch {
  const common = { keepAlive: true, proxyEnv: { ...env } };
  const plain = new HttpAgent(common);
  const secure = new Map<boolean, HttpsAgent>();
  const secureAgent = (insecure: boolean) => {
    const known = secure.get(insecure);
    if (known) return known;
    const trusted = insecure
      ? { rejectUnauthorized: false }
      : { ca: [...getCACertificates('default'), ...getCACertificates('system'), ...(ca ? [ca] : [])] };
    const agent = new HttpsAgent({ ...common, ...trusted });
    secure.set(insecure, agent);
    return agent;
  };

  return (url, { method = 'GET', headers = {}, body, signal, insecure = false } = {}) => {
    const length = typeof body === 'object' ? { 'content-length': String(body.size) } : {};
    const options = { method, headers: { ...headers, ...length } };
    const open = () =>
      url.startsWith('https:')
        ? httpsRequest(url, { ...options, agent: secureAgent(insecure) })
        : httpRequest(url, { ...options, agent: plain });
    return exchange(url, open, { signal, body, isBodyless: method === 'HEAD' });
  };
}

interface ExchangeOptions {
  readonly signal: HttpRequest['signal'];
  readonly body: HttpRequest['body'];
  /** Whether the response has no body, whatever its headers say. */
  readonly isBodyless: boolean;
}

function exchange(
  url: string,
  open: () => ClientRequest,
  { signal, body, isBodyless }: ExchangeOptions,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    if (signal?.aborted) throw signal.reason;
    const request = open();
    let incoming: IncomingMessage | undefined;
    // The reader of the body gets the reason of the signal instead of an error about a closed socket.
    const abort = () => (incoming ?? request).destroy(signal?.reason as Error);
    signal?.addEventListener('abort', abort);
    request.on('error', reject);
    request.on('close', () => signal?.removeEventListener('abort', abort));
    request.on('response', (message) => {
      incoming = message;
      const status = message.statusCode ?? 0;
      const content =
        isBodyless || EMPTY.includes(status) ? null : (Readable.toWeb(message) as ReadableStream);
      if (content === null) message.resume();
      const response = new Response(content, { status, headers: headersOf(message) });
      Object.defineProperty(response, 'url', { value: url });
      resolve(response);
    });
    if (typeof body !== 'object') request.end(body);
    else {
      sendBody(request, body, () => incoming !== undefined).then(
        () => {
          // After an early response, the rest of the body is not sent, and the connection cannot be reused.
          if (!request.writableEnded) incoming?.once('close', () => request.destroy());
        },
        (error: Error) => request.destroy(error),
      );
    }
  });
}

/** Sends a body, with backpressure, until it is complete, the server has responded, or the connection is closed. */
async function sendBody(request: ClientRequest, body: StreamBody, hasResponse: () => boolean): Promise<void> {
  for await (const chunk of body.open()) {
    if (hasResponse() || request.destroyed) return;
    if (!request.write(chunk)) await writable(request);
  }
  if (!request.destroyed) request.end();
}

function writable(request: ClientRequest): Promise<void> {
  if (request.destroyed) return Promise.resolve();
  return new Promise((resolve) => {
    const events = ['drain', 'close', 'response'];
    const done = () => {
      for (const event of events) request.off(event, done);
      resolve();
    };
    for (const event of events) request.on(event, done);
  });
}

function headersOf(message: IncomingMessage): Headers {
  const headers = new Headers();
  for (const [name, values] of Object.entries(message.headersDistinct)) {
    for (const value of values ?? []) headers.append(name, value);
  }
  return headers;
}
