import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request on its way to the registry. */
interface Passing {
  readonly method: string;
  /** With its query. */
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

/** What becomes of a request. */
export type Fault =
  | undefined
  /** Answered here; the registry never hears of it. */
  | { readonly status: number; readonly headers?: Record<string, string> }
  /** The connection is cut after so many bytes of the body; the registry has heard none of it. */
  | { readonly cutAfter: number }
  /** The same, but the registry has heard what came. */
  | { readonly cutThrough: number }
  /** The body is taken in until that is let go on, and the connection stays. */
  | { readonly stallAfter: number; readonly reached: () => void }
  /** The registry's answer with other headers, or another body. */
  | { readonly lie: (answer: { headers: Record<string, string>; body: Buffer }) => void };

/** A proxy before a registry. It takes each request whole before it hands it on, as many do. */
export interface FaultyProxy extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly host: string;
  /** `METHOD path STATUS`, without queries; the status is missing where there was none. */
  readonly seen: readonly string[];
  fault: ((passing: Passing) => Fault) | undefined;
}

/** Starts one on a free port of the loopback. @param registry `127.0.0.1:PORT` */
export async function faultyProxy(registry: string): Promise<FaultyProxy> {
  const seen: string[] = [];
  const server = createServer((incoming, response) => {
    handle(incoming, response).catch(() => response.destroy());
  });

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
  const handle = async (incoming: IncomingMessage, response: ServerResponse) => {
    const { method = '', url: path = '', headers } = incoming;
    const at = seen.push(`${method} ${path.replace(/\?.*/, '')}`) - 1;
    const tell = (status: number) => {
      seen[at] += ` ${status}`;
    };
    const fault = proxy.fault?.({ method, path, headers });
    if (fault && 'status' in fault) {
      incoming.resume();
      tell(fault.status);
      response.writeHead(fault.status, fault.headers).end();
      return;
    }
    if (fault && 'cutThrough' in fault) return cutThrough(incoming, response, fault.cutThrough);
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of incoming as AsyncIterable<Buffer>) {
      pieces.push(piece);
      size += piece.length;
      if (fault && 'cutAfter' in fault && size >= fault.cutAfter) {
        response.destroy();
        return;
      }
      if (fault && 'stallAfter' in fault && size >= fault.stallAfter) {
        fault.reached();
        return;
      }
    }
    const outgoing = forward(incoming);
    outgoing.end(Buffer.concat(pieces));
    const answer = await new Promise<IncomingMessage>((resolve, reject) => {
      outgoing.on('response', resolve).on('error', reject);
    });
    const body: Buffer[] = [];
    for await (const piece of answer as AsyncIterable<Buffer>) body.push(piece);
    const content = { headers: answer.headers as Record<string, string>, body: Buffer.concat(body) };
    if (fault && 'lie' in fault) fault.lie(content);
    tell(answer.statusCode ?? 0);
    if (method !== 'HEAD' && answer.statusCode !== 204)
      content.headers['content-length'] = String(content.body.length);
    response.writeHead(answer.statusCode ?? 500, content.headers).end(content.body);
  };

  /** The registry names itself as it is called: by the proxy's name, so that uploads come back here. */
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
