import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { HttpRequest } from '../../../../../../src/common/host/http-fetch.ts';
import { sha256, type TestImage } from './test-image.ts';

/** A request that the server got. */
export interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** Answers a request itself when it returns true. */
export type Interfere = (seen: Seen, response: ServerResponse) => boolean | undefined;

/** A registry of a test's own, on a free port of the loopback. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly seen: readonly Seen[];
  readonly manifests: Map<string, Buffer>;
  readonly blobs: Map<string, Buffer>;
  /** Serves an image by its tag and its digest. */
  add(tag: string, image: TestImage): void;
  addManifest(tag: string, bytes: Buffer): void;
  interfere: Interfere | undefined;
}

/** Starts a registry: manifests by tag or digest, blobs with ranges; everything else a test adds. */
export async function testRegistry(name = 'os'): Promise<TestRegistry> {
  const seen: Seen[] = [];
  const [manifests, blobs] = [new Map<string, Buffer>(), new Map<string, Buffer>()];
  const server = createServer((request, response) => {
    let body = '';
    request.on('data', (chunk: Buffer) => {
      body += chunk.toString();
    });
    request.on('end', () => {
      const { method = '', url: path = '', headers } = request;
      const one = { method, path, headers, body };
      seen.push(one);
      if (registry.interfere?.(one, response)) return;
      serve(one, response);
    });
  });
  const serve = ({ path, headers }: Seen, response: ServerResponse) => {
    const [, kind, reference = ''] = new RegExp(`^/v2/${name}/(manifests|blobs)/([^?]+)`).exec(path) ?? [];
    if (path === '/v2/') return response.end('{}');
    const bytes = (kind === 'manifests' ? manifests : blobs).get(reference);
    if (kind === undefined || bytes === undefined) return response.writeHead(404).end('{}');
    if (kind === 'manifests') {
      return response
        .writeHead(200, { 'content-type': mediaType(bytes), 'docker-content-digest': sha256(bytes) })
        .end(bytes);
    }
    const first = /^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1];
    if (first === undefined) return response.writeHead(200, { 'content-length': bytes.length }).end(bytes);
    const rest = bytes.subarray(Number(first));
    const range = `bytes ${first}-${bytes.length - 1}/${bytes.length}`;
    return response.writeHead(206, { 'content-length': rest.length, 'content-range': range }).end(rest);
  };
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: TestRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    manifests,
    blobs,
    interfere: undefined,
    addManifest: (tag, bytes) => {
      manifests.set(tag, bytes);
      manifests.set(sha256(bytes), bytes);
    },
    add: (tag, image) => {
      registry.addManifest(tag, image.manifest);
      for (const [digest, bytes] of image.blobs) blobs.set(digest, bytes);
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

function mediaType(bytes: Buffer): string {
  try {
    return (JSON.parse(bytes.toString()) as { mediaType?: string }).mediaType ?? 'application/json';
  } catch {
    return 'text/plain';
  }
}

/** The network for a test host: the real one, for servers of the test's own. */
export function realFetch(url: string, { insecure: _, body, ...request }: HttpRequest): Promise<Response> {
  if (typeof body === 'object') throw new TypeError('a node uploads no streams');
  return fetch(url, { ...request, redirect: 'manual', ...(body === undefined ? {} : { body }) });
}
