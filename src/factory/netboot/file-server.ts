import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { answerRequest, requestedName } from './answer-request.ts';
import type { NetbootEvent } from './netboot-event.ts';
import type { PublishedFile } from './published-file.ts';

/** How much others may ask of the server at a time. */
const CONNECTIONS = 512;
const REQUESTS_PER_CONNECTION = 100;
/** Milliseconds for the headers, for a whole request, and without any byte of an answer. */
const HEADERS_TIMEOUT = 10_000;
const REQUEST_TIMEOUT = 20_000;
const IDLE_TIMEOUT = 60_000;

/** Where to listen, what to serve, and who follows it. */
export interface FileServerOptions {
  readonly address: string;
  readonly port: number;
  readonly files: ReadonlyMap<string, PublishedFile>;
  readonly onEvent: (event: NetbootEvent) => void;
}

/**
 * Serves files by HTTP until it is disposed of.
 * @throws FactoryError `usage` when the port is in use
 */
export async function startFileServer(options: FileServerOptions): Promise<AsyncDisposable> {
  const { address, port } = options;
  let transfers = 0;
  const server = createServer(
    { headersTimeout: HEADERS_TIMEOUT, requestTimeout: REQUEST_TIMEOUT },
    (request, response) => {
      transfers += 1;
      void respond(request, response, { ...options, transfer: transfers });
    },
  );
  server.maxConnections = CONNECTIONS;
  server.maxRequestsPerSocket = REQUESTS_PER_CONNECTION;
  server.setTimeout(IDLE_TIMEOUT);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, address, resolve);
  }).catch((error: NodeJS.ErrnoException) => {
    throw new FactoryError('PORT_IN_USE', `cannot listen on ${address}:${port}: ${whyNot(error)}`, {
      remedy: 'Choose another port with --http-port.',
      cause: error,
    });
  });
  return {
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function whyNot({ code, message }: NodeJS.ErrnoException): string {
  return code === 'EADDRINUSE' ? 'another program uses the port' : message;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  { files, onEvent, transfer }: FileServerOptions & { readonly transfer: number },
): Promise<void> {
  const ip = request.socket.remoteAddress ?? '';
  const { status, headers, content } = answerRequest(request, files);
  response.writeHead(status, headers);
  if (status === 404) onEvent({ kind: 'missing', ip, file: requestedName(request.url), by: 'HTTP' });
  if (content === undefined) {
    response.end();
    return;
  }
  const { file, start, end } = content;
  const of = end + 1 - start;
  const common = {
    ...({ kind: 'transfer', by: 'HTTP', ip, transfer, of } as const),
    ...{ file: file.name, role: file.role, isPart: end < file.size - 1 },
  };
  let sent = 0;
  onEvent({ ...common, state: 'running', sent });
  async function* counted() {
    for await (const chunk of file.read(start, end)) {
      yield chunk;
      // The next chunk is asked for when the connection has taken this one.
      sent += chunk.length;
      onEvent({ ...common, state: 'running', sent });
    }
  }
  const state = await pipeline(Readable.from(counted(), { objectMode: false }), response).then(
    () => 'done' as const,
    () => 'broken' as const,
  );
  onEvent({ ...common, state, sent });
}
