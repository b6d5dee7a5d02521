import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { KubeConfig } from '@kubernetes/client-node';

/** An object as it is stored. */
interface Stored {
  metadata: { name: string; namespace?: string; resourceVersion?: string; uid?: string };
  [field: string]: unknown;
}

/** A server that speaks enough of the API for watches and requests: a stand-in for the real one, which integration tests have. */
export interface HttpApi extends AsyncDisposable {
  readonly config: KubeConfig;
  readonly objects: Map<string, Stored>;
  /** Stores an object below the path of its kind, and sends the change to those who watch. */
  put(collection: string, object: Stored): void;
  remove(collection: string, name: string): void;
  /** Ends all watches, as a restart of the server does. */
  drop(): void;
  /** Methods and paths that were asked for. */
  readonly requests: string[];
}

/** Paths of collections: with a namespace, or of all. */
const PATH =
  /^(?<root>\/apis?\/(?:[^/]+\/)?v\w+)(?:\/namespaces\/(?<space>[^/]+))?\/(?<plural>[^/]+)(?:\/(?<name>[^/]+))?/;

/** Starts it on the loopback interface. */
export async function startHttpApi(): Promise<HttpApi> {
  const objects = new Map<string, Stored>();
  const watchers = new Set<{ readonly key: string; readonly response: ServerResponse }>();
  const requests: string[] = [];
  let version = 1;
  const history: { readonly version: number; readonly collection: string; readonly line: string }[] = [];
  const tell = (collection: string, type: string, object: Stored) => {
    const line = `${JSON.stringify({ type, object })}\n`;
    history.push({ version, collection, line });
    for (const { key, response } of watchers) if (key === collection) response.write(line);
  };
  const put = (collection: string, object: Stored) => {
    const key = `${collection}/${object.metadata.name}`;
    const type = objects.has(key) ? 'MODIFIED' : 'ADDED';
    version += 1;
    const metadata = {
      uid: `uid-${object.metadata.name}`,
      ...object.metadata,
      resourceVersion: String(version),
    };
    const stored = { ...object, metadata };
    objects.set(key, stored);
    tell(collection, type, stored);
    return stored;
  };
  const remove = (collection: string, name: string) => {
    const key = `${collection}/${name}`;
    const object = objects.get(key);
    objects.delete(key);
    version += 1;
    if (object)
      tell(collection, 'DELETED', {
        ...object,
        metadata: { ...object.metadata, resourceVersion: String(version) },
      });
  };
  const drop = () => {
    for (const { response } of watchers) response.destroy();
    watchers.clear();
  };
  const handle = async (
    request: IncomingMessage,
    collection: string,
    name = '',
  ): Promise<readonly [number, unknown]> => {
    const found = objects.get(`${collection}/${name}`);
    if (request.method === 'POST') {
      const object = (await bodyOf(request)) as Stored;
      return objects.has(`${collection}/${object.metadata.name}`)
        ? [409, { message: 'already exists' }]
        : [201, put(collection, object)];
    }
    if (found === undefined) return [404, { message: 'not found' }];
    if (request.method === 'GET') return [200, found];
    if (request.method === 'PATCH')
      return [200, put(collection, merge(found, await bodyOf(request)) as Stored)];
    remove(collection, name);
    return [200, {}];
  };
  const server = createServer(async (request, response) => {
    const url = new URL(request.url ?? '/', 'http://localhost');
    requests.push(`${request.method} ${url.pathname}`);
    const { root = '', plural = '', name } = PATH.exec(url.pathname)?.groups ?? {};
    const collection = `${root}/${plural}`;
    const answer = (status: number, body: unknown) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
    if (request.method === 'GET' && url.searchParams.has('watch')) {
      response.writeHead(200, { 'content-type': 'application/json' });
      response.flushHeaders();
      const since = Number(url.searchParams.get('resourceVersion'));
      for (const event of history)
        if (event.version > since && event.collection === collection) response.write(event.line);
      watchers.add({ key: collection, response });
      return;
    }
    if (request.method === 'GET' && name === undefined) {
      const items = [...objects]
        .filter(([key]) => key.startsWith(`${collection}/`))
        .map(([, object]) => object);
      answer(200, { metadata: { resourceVersion: String(version) }, items });
      return;
    }
    const [status, body] = await handle(request, collection, name);
    answer(status, body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const config = new KubeConfig();
  config.loadFromClusterAndUser(
    // The client refuses plain HTTP without this.
    { name: 'test', server: `http://127.0.0.1:${port}`, skipTLSVerify: true },
    { name: 'test', token: 'word' },
  );
  return {
    ...{ config, objects, put, remove, drop, requests },
    [Symbol.asyncDispose]: async () => {
      drop();
      server.closeAllConnections();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}

async function bodyOf(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return JSON.parse(Buffer.concat(chunks).toString() || '{}');
}

/** JSON merge patch (RFC 7396). */
function merge(target: unknown, patch: unknown): unknown {
  if (typeof patch !== 'object' || patch === null || Array.isArray(patch)) return patch;
  const base = typeof target === 'object' && target !== null && !Array.isArray(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = merge(result[key], value);
  }
  return result;
}
