import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the registry. */
interface Passing {
  readonly method: string;
  /** Includes the query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** How the proxy handles a request. */
export type Fault =
  | undefined
  /** Answers the request itself, without forwarding it. */
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** Cuts the connection after this many bytes of the body, and forwards nothing. */
  | { readonly cutAfter: number }
  /** Cuts the connection in the same way, but forwards the received bytes. */
  | { readonly cutThrough: number }
  /** Stops reading after this many bytes of the body and calls `reached`; the connection stays open. */
  | { readonly stallAfter: number; readonly reached: () => void }
  /** Changes the headers or the body of the registry's response. */
  | { readonly lie: (answer: { headers: Record<string, string>; body: Buffer }) => void };

/** A proxy in front of a registry. Like many proxies, it buffers each request before it forwards it. */
export interface FaultyProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `METHOD path STATUS`, without queries; there is no status if there was no response. */
  readonly seen: readonly string[];
  fault: ((passing: Passing) => Fault) | undefined;
}

/** Starts a proxy on a free loopback port. @param registry `127.0.0.1:PORT` */
export async function faultyProxy(registry: string): Promise<FaultyProxy> {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });

  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = incoming;
    const at = seen.push(`${method} ${path.replace(/\?.*/, '')}`) - 1;
    const recordStatus = (status: number) => {
      seen[at] += ` ${status}`;
    };
    const fault = proxy.fault?.({ method, path, headers });
    if (fault && 'status' in fault) {
      incoming.resume();
      recordStatus(fault.status);
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (fault && 'cutThrough' in fault) return cutThrough(incoming, response, fault.cutThrough);
    const body = await receive(incoming, response, fault);
    if (body === undefined) return;
    const answer = await answerTo(incoming, body);
    if (fault && 'lie' in fault) fault.lie(answer);
    recordStatus(answer.status ?? 0);
    if (method !== 'HEAD' && answer.status !== 204)
      answer.headers['content-length'] = String(answer.body.length);
    response.writeHead(answer.status ?? 500, answer.headers).end(answer.body);
  };

  const answerTo = async (incoming: IncomingMessage, body: Buffer) => {
    const outgoing = forward(incoming);
    outgoing.end(body);
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
    });
    const pieces: Buffer[] = [];
    for await (const piece of answer as AsyncIterable<Buffer>) pieces.push(piece);
    return {
      status: answer.statusCode,
      headers: answer.headers as Record<string, string>,
      body: Buffer.concat(pieces),
    };
  };

  /** The registry uses the name that it is called by: the proxy's, so that uploads continue through the proxy. */
  const forward = ({ method, url, headers }: IncomingMessage) =>
    request({ host: '127.0.0.1', port: registry.split(':')[1], method, path: url, headers });

  const cutThrough = async (incoming: IncomingMessage, response: ServerResponse, limit: number) => {
    const outgoing = forward(incoming).on('error', () => undefined);
    let size = 0;
    for await (const piece of incoming as AsyncIterable<Buffer>) {
      outgoing.write(piece);
      size += piece.length;
      if (size >= limit) break;
    }
    outgoing.destroy();
    response.destroy();
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: FaultyProxy = {
    host: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    fault: undefined,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return proxy;
}

/** Receives the body of a request. @returns nothing when the fault ends the transfer */
async function receive(
  incoming: IncomingMessage,
  response: ServerResponse,
  fault: Fault,
): Promise<Buffer | undefined> {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of incoming as AsyncIterable<Buffer>) {
    pieces.push(piece);
    size += piece.length;
    if (fault && 'cutAfter' in fault && size >= fault.cutAfter) {
      response.destroy();
      return undefined;
    }
    if (fault && 'stallAfter' in fault && size >= fault.stallAfter) {
      fault.reached();
      return undefined;
    }
  }
  return Buffer.concat(pieces);
}
