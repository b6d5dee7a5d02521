import { createServer, type Server } from 'node:http';
import { FactoryError, messageOf } from '../../common/errors/factory-error.ts';

/** What a path answers. */
export type StatusPages = Readonly<
  Record<string, () => Promise<{ readonly ok: boolean; readonly text: string; readonly type?: string }>>
>;

/** An address to listen on. */
export interface ListenAddress {
  /** All interfaces without it. */
  readonly host?: string | undefined;
  readonly port: number;
}

/**
 * Serves pages for probes and metrics, to `GET` only.
 * @throws FactoryError `usage` when the address cannot be used
 */
export async function serveStatus(
  { host, port }: ListenAddress,
  pages: StatusPages,
): Promise<AsyncDisposable & { readonly port: number }> {
  const server = createServer(
    { requestTimeout: 10_000, headersTimeout: 10_000 },
    async (request, response) => {
      const page = pages[new URL(request.url ?? '/', 'http://localhost').pathname];
      if (request.method !== 'GET' || page === undefined) {
        response.writeHead(404, { 'content-type': 'text/plain' }).end('not found\n');
        return;
      }
      try {
        const { ok, text, type = 'text/plain' } = await page();
        response.writeHead(ok ? 200 : 503, { 'content-type': type }).end(text);
      } catch (error) {
        response.writeHead(500, { 'content-type': 'text/plain' }).end(`${messageOf(error)}\n`);
      }
    },
  );
  await listen(server, { host, port });
  const address = server.address();
  return {
    port: typeof address === 'object' && address !== null ? address.port : port,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function listen(server: Server, { host, port }: ListenAddress): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error) =>
      reject(
        new FactoryError('PORT_IN_USE', `${host ?? ''}:${port} cannot be used: ${messageOf(error)}`, {
          remedy: 'Choose another port with --metrics or --probes.',
          cause: error,
        }),
      ),
    );
    server.listen({ port, ...(host !== undefined && { host }) }, resolve);
  });
}
