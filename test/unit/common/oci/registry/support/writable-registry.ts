import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request before its body has been read. */
interface Asked {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** How to treat a request: answer it, refuse it with a status, or cut it off after some bytes of its body. */
type Treatment =
  | undefined
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly cutAfter: number };

/**
 * A registry that does what distribution-spec 1.1 says, with uploads that keep what has arrived of a chunk that broke off,
 * and with the referrers API. Debian's docker-registry does neither, which is why there is this one.
 */
export interface WritableRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  readonly blobs: Map<string, Buffer>;
  /** By repository and tag or digest: `team/os:v1`, `team/os@sha256:…`. */
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly type: string }>;
  /** `METHOD path`, with the range of chunks. */
  readonly seen: readonly string[];
  /** Decides about a request; `undefined` lets it be. */
  treat: ((asked: Asked) => Treatment) | undefined;
  /** Said to be the digest of everything that is stored. */
  lie: string | undefined;
  /** `OCI-Chunk-Min-Length`. */
  minimum: number | undefined;
  /** Whether it lists referrers by itself. */
  knowsReferrers: boolean;
}

/** Starts one on a free port of the loopback. */
export async function writableRegistry(): Promise<WritableRegistry> {
  const seen: string[] = [];
  const sessions = new Map<string, Buffer>();
  const server = createServer((request, response) => {
    // Who breaks off a request wants no answer.
    serve(request, response).catch(() => response.destroy());
  });

  // biome-ignore lint/complexity/noExcessiveCognitiveComplexity: still to be taken apart.
  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    const { pathname: path, searchParams: query } = new URL(url, 'http://registry');
    const range = headers['content-range'];
    if (path !== '/v2/') seen.push(`${method} ${path}${range ? ` ${range}` : ''}`);
    const treatment = registry.treat?.({ method, path, query, headers });
    if (treatment && 'status' in treatment) {
      request.resume();
      response.writeHead(treatment.status, treatment.headers).end(treatment.body);
      return;
    }
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests)\/(.*)$/.exec(path) ?? [];
    const isUpload = kind === 'blobs/uploads';
    const cutAfter = treatment?.cutAfter;
    const pieces: Buffer[] = [];
    let size = 0;
    for await (const piece of request as AsyncIterable<Buffer>) {
      const rest = cutAfter === undefined ? piece : piece.subarray(0, Math.max(cutAfter - size, 0));
      pieces.push(rest);
      size += rest.length;
      if (cutAfter === undefined || size < cutAfter) continue;
      const kept = sessions.get(reference);
      if (isUpload && kept) sessions.set(reference, Buffer.concat([kept, ...pieces]));
      response.destroy();
      return;
    }
    const body = Buffer.concat(pieces);
    const answer = (status: number, more: Record<string, string> = {}, content?: Buffer) =>
      response.writeHead(status, more).end(method === 'HEAD' ? undefined : content);
    const stored = (digest: string, more: Record<string, string> = {}) =>
      answer(201, { 'docker-content-digest': registry.lie ?? digest, ...more });
    const place = (id: string) => {
      const size = sessions.get(id)?.length ?? 0;
      return {
        location: `/v2/${repository}/blobs/uploads/${id}?state=a%2Bb`,
        range: `0-${Math.max(size - 1, 0)}`,
      };
    };

    if (path === '/v2/') answer(200);
    else if (kind === 'blobs') {
      const blob = registry.blobs.get(`${repository}@${reference}`);
      if (!blob) answer(404);
      else
        answer(
          200,
          { 'docker-content-digest': registry.lie ?? reference, 'content-length': `${blob.length}` },
          blob,
        );
    } else if (isUpload && method === 'POST') {
      const mount = registry.blobs.get(`${query.get('from')}@${query.get('mount')}`);
      if (mount) {
        registry.blobs.set(`${repository}@${query.get('mount')}`, mount);
        stored(query.get('mount') ?? '');
        return;
      }
      const id = randomUUID();
      sessions.set(id, Buffer.alloc(0));
      const minimum = registry.minimum === undefined ? {} : { 'oci-chunk-min-length': `${registry.minimum}` };
      answer(202, { ...place(id), ...minimum });
    } else if (isUpload) {
      const kept = sessions.get(reference);
      if (!kept || query.get('state') !== 'a+b') answer(404);
      else if (method === 'GET') answer(204, place(reference));
      else if (method === 'DELETE') {
        sessions.delete(reference);
        answer(204);
      } else if (range !== undefined && Number(range.split('-')[0]) !== kept.length)
        answer(416, place(reference));
      else {
        const whole = Buffer.concat([kept, body]);
        sessions.set(reference, whole);
        const digest = query.get('digest');
        if (method === 'PATCH') answer(202, place(reference));
        else if (digestOf(whole) !== digest) answer(400, {}, error('DIGEST_INVALID'));
        else {
          sessions.delete(reference);
          registry.blobs.set(`${repository}@${digest}`, whole);
          stored(digest);
        }
      }
    } else if (kind === 'manifests' && method === 'PUT') {
      const digest = digestOf(body);
      const manifest = { bytes: body, type: headers['content-type'] ?? '' };
      registry.manifests.set(`${repository}@${digest}`, manifest);
      if (!reference.startsWith('sha256:')) registry.manifests.set(`${repository}:${reference}`, manifest);
      const subject = (JSON.parse(body.toString()) as { subject?: { digest: string } }).subject?.digest;
      stored(digest, subject && registry.knowsReferrers ? { 'oci-subject': subject } : {});
    } else {
      const sign = reference.startsWith('sha256:') ? '@' : ':';
      const manifest = registry.manifests.get(`${repository}${sign}${reference}`);
      if (!manifest) answer(404);
      else
        answer(
          200,
          { 'content-type': manifest.type, 'docker-content-digest': digestOf(manifest.bytes) },
          manifest.bytes,
        );
    }
  };

  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const registry: WritableRegistry = {
    address: `127.0.0.1:${(server.address() as AddressInfo).port}`,
    blobs: new Map(),
    manifests: new Map(),
    seen,
    treat: undefined,
    lie: undefined,
    minimum: undefined,
    knowsReferrers: true,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return registry;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function error(code: string): Buffer {
  return Buffer.from(JSON.stringify({ errors: [{ code, message: 'provided digest did not match' }] }));
}
