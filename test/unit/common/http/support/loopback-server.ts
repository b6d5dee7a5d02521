import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createSecureServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** Responds to a request; `count` is 1 for the first. */
export type Handler = (request: IncomingMessage, response: ServerResponse, count: number) => void;

/** A server that stops at the end of the test. */
export interface LoopbackServer {
  /** `http://127.0.0.1:PORT` */
  readonly origin: string;
  /** The requests received, in order. */
  readonly seen: readonly IncomingMessage[];
}

/** Starts a server on a free port. @param tls its certificate and key, as PEM; plain HTTP by default */
export async function serve(
  handle: Handler,
  tls?: { readonly cert: string; readonly key: string },
): Promise<LoopbackServer> {
  const seen: IncomingMessage[] = [];
  const listener: RequestListener = (request, response) => {
    seen.push(request);
    handle(request, response, seen.length);
  };
  const server = tls ? createSecureServer(tls, listener) : createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { origin: `${tls ? 'https' : 'http'}://127.0.0.1:${port}`, seen };
}
