import { createHash, randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A request before its body has been read. */
export interface Asked {
  /** The `Host` header: a registry may have a second address. */
  readonly host: string;
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
}

/** How to treat a request: answer it, refuse it with a status, or cut it off after some bytes of its body. */
export type Treatment =
  | undefined
  | { readonly status: number; readonly headers?: Record<string, string>; readonly body?: string }
  | { readonly cutAfter: number };

/** A response that is about to be sent. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly content: Buffer | undefined;
}

/**
 * A registry that does what distribution-spec 1.1 says, with uploads that keep what has arrived of a chunk that broke off,
 * and with the referrers API. Debian's docker-registry does neither, which is why there is this one.
 */
export interface WritableRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT` */
  readonly address: string;
  /** Another address of the same registry. */
  readonly second: string;
  readonly blobs: Map<string, Buffer>;
  /** By repository and tag or digest: `team/os:v1`, `team/os@sha256:…`. */
  readonly manifests: Map<string, { readonly bytes: Buffer; readonly type: string }>;
  /** `METHOD path`, with the range of chunks. */
  readonly seen: readonly string[];
  /** Decides about a request; `undefined` lets it be. */
  treat: ((asked: Asked) => Treatment) | undefined;
  /** Changes a response. */
  change: ((asked: Asked, answer: Answer) => Answer) | undefined;
  /** Said to be the digest of everything that is stored. */
  lie: string | undefined;
  /** `OCI-Chunk-Min-Length`. */
  minimum: number | undefined;
  /** Whether it lists referrers by itself. */
  knowsReferrers: boolean;
}

/** A request that has been read, and the ways to respond to it. */
interface Exchange {
  readonly method: string;
  readonly query: URLSearchParams;
  /** The `Content-Range` header. */
  readonly range: string | undefined;
  readonly repository: string;
  /** A tag, a digest or the id of an upload. */
  readonly reference: string;
  readonly body: Buffer;
  readonly type: string;
  readonly answer: (status: number, headers?: Record<string, string>, content?: Buffer) => void;
  readonly stored: (digest: string, headers?: Record<string, string>) => void;
}

/** The fields of a manifest that make it a referrer. */
interface Referrer {
  readonly subject?: { readonly digest: string };
  readonly artifactType?: string;
}

const INDEX = 'application/vnd.oci.image.index.v1+json';
const JSON_TYPE = { 'content-type': 'application/json' };

/** Reads a body, or its first `cutAfter` bytes. */
async function readBody(request: IncomingMessage, cutAfter = Number.POSITIVE_INFINITY) {
  const pieces: Buffer[] = [];
  let size = 0;
  for await (const piece of request as AsyncIterable<Buffer>) {
    const rest = piece.subarray(0, Math.max(cutAfter - size, 0));
    pieces.push(rest);
    size += rest.length;
    if (size >= cutAfter) return { body: Buffer.concat(pieces), isCut: true };
  }
  return { body: Buffer.concat(pieces), isCut: false };
}

/** Starts one on a free port of the loopback. */
export async function writableRegistry(): Promise<WritableRegistry> {
  const seen: string[] = [];
  const sessions = new Map<string, Buffer>();
  const listener = (request: IncomingMessage, response: ServerResponse) => {
    // Who breaks off a request wants no answer.
    serve(request, response).catch(() => response.destroy());
  };

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const { method = '', url = '', headers } = request;
    const { pathname: path, searchParams: query } = new URL(url, 'http://registry');
    const range = headers['content-range'];
    if (path !== '/v2/') seen.push(`${method} ${path}${range ? ` ${range}` : ''}`);
    const asked = { host: headers.host ?? '', method, path, query, headers };
    const treatment = registry.treat?.(asked);
    if (treatment && 'status' in treatment) {
      request.resume();
      response.writeHead(treatment.status, treatment.headers).end(treatment.body);
      return;
    }
    const [, repository = '', kind = '', reference = ''] =
      /^\/v2\/(.+?)\/(blobs\/uploads|blobs|manifests|referrers|tags)\/(.*)$/.exec(path) ?? [];
    const { body, isCut } = await readBody(request, treatment?.cutAfter);
    if (isCut) {
      if (kind === 'blobs/uploads') keep(reference, body);
      response.destroy();
      return;
    }
    const answer = (status: number, more: Record<string, string> = {}, content?: Buffer) => {
      const plain = { status, headers: more, content };
      const changed = registry.change?.(asked, plain) ?? plain;
      response
        .writeHead(changed.status, changed.headers)
        .end(method === 'HEAD' ? undefined : changed.content);
    };
    const exchange: Exchange = {
      ...{ method, query, range, repository, reference, body, type: headers['content-type'] ?? '', answer },
      stored: (digest, more = {}) =>
        answer(201, { 'docker-content-digest': registry.lie ?? digest, ...more }),
    };
    if (path === '/v2/') answer(200);
    else handlerOf(kind, method)(exchange);
  };

  /** Keeps what has arrived of a chunk that was cut off. */
  const keep = (id: string, body: Buffer) => {
    const kept = sessions.get(id);
    if (kept) sessions.set(id, Buffer.concat([kept, body]));
  };

  const handlerOf = (kind: string, method: string) => {
    if (kind === 'tags') return listTags;
    if (kind === 'referrers') return listReferrers;
    if (kind === 'blobs') return getBlob;
    if (kind === 'blobs/uploads') return method === 'POST' ? startUpload : continueUpload;
    return kind === 'manifests' && method === 'PUT' ? putManifest : getManifest;
  };

  const getBlob = ({ repository, reference, answer }: Exchange) => {
    const blob = registry.blobs.get(`${repository}@${reference}`);
    if (!blob) return answer(404);
    const digest = registry.lie ?? reference;
    answer(200, { 'docker-content-digest': digest, 'content-length': `${blob.length}` }, blob);
  };

  const place = (repository: string, id: string) => {
    const size = sessions.get(id)?.length ?? 0;
    return {
      location: `/v2/${repository}/blobs/uploads/${id}?state=a%2Bb`,
      range: `0-${Math.max(size - 1, 0)}`,
    };
  };

  const startUpload = ({ query, repository, answer, stored }: Exchange) => {
    const mount = registry.blobs.get(`${query.get('from')}@${query.get('mount')}`);
    if (mount) {
      registry.blobs.set(`${repository}@${query.get('mount')}`, mount);
      return stored(query.get('mount') ?? '');
    }
    const id = randomUUID();
    sessions.set(id, Buffer.alloc(0));
    const minimum = registry.minimum === undefined ? {} : { 'oci-chunk-min-length': `${registry.minimum}` };
    answer(202, { ...place(repository, id), ...minimum });
  };

  const continueUpload = (exchange: Exchange) => {
    const { method, query, range, repository, reference, answer } = exchange;
    const kept = sessions.get(reference);
    if (!kept || query.get('state') !== 'a+b') return answer(404);
    if (method === 'GET') return answer(204, place(repository, reference));
    if (method === 'DELETE') {
      sessions.delete(reference);
      return answer(204);
    }
    const isBehind = range !== undefined && Number(range.split('-')[0]) !== kept.length;
    if (isBehind) return answer(416, place(repository, reference));
    appendUpload(exchange, kept);
  };

  const appendUpload = (
    { method, query, repository, reference, body, answer, stored }: Exchange,
    kept: Buffer,
  ) => {
    const whole = Buffer.concat([kept, body]);
    sessions.set(reference, whole);
    if (method === 'PATCH') return answer(202, place(repository, reference));
    const digest = query.get('digest');
    if (digestOf(whole) !== digest) return answer(400, {}, error('DIGEST_INVALID'));
    sessions.delete(reference);
    registry.blobs.set(`${repository}@${digest}`, whole);
    stored(digest);
  };

  const putManifest = ({ repository, reference, body, type, stored }: Exchange) => {
    const digest = digestOf(body);
    const manifest = { bytes: body, type };
    registry.manifests.set(`${repository}@${digest}`, manifest);
    if (!reference.startsWith('sha256:')) registry.manifests.set(`${repository}:${reference}`, manifest);
    const subject = (JSON.parse(body.toString()) as Referrer).subject?.digest;
    stored(digest, subject && registry.knowsReferrers ? { 'oci-subject': subject } : {});
  };

  const getManifest = ({ repository, reference, answer }: Exchange) => {
    const sign = reference.startsWith('sha256:') ? '@' : ':';
    const manifest = registry.manifests.get(`${repository}${sign}${reference}`);
    if (!manifest) return answer(404);
    const headers = { 'content-type': manifest.type, 'docker-content-digest': digestOf(manifest.bytes) };
    answer(200, headers, manifest.bytes);
  };

  const listTags = ({ repository, answer }: Exchange) => {
    const prefix = `${repository}:`;
    const names = [...registry.manifests.keys()].filter((name) => name.startsWith(prefix)).sort();
    answer(200, JSON_TYPE, json({ name: repository, tags: names.map((name) => name.slice(prefix.length)) }));
  };

  const listReferrers = ({ repository, reference, answer }: Exchange) => {
    if (!registry.knowsReferrers) return answer(404);
    const manifests = [...registry.manifests].flatMap(([name, { bytes, type: mediaType }]) => {
      const { subject, artifactType } = JSON.parse(bytes.toString()) as Referrer;
      if (!name.startsWith(`${repository}@`) || subject?.digest !== reference) return [];
      return { mediaType, digest: digestOf(bytes), size: bytes.length, artifactType };
    });
    const index = { schemaVersion: 2, mediaType: INDEX, manifests };
    answer(200, { 'content-type': INDEX }, json(index));
  };

  const servers = [createServer(listener), createServer(listener)];
  for (const server of servers) await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const [address = '', second = ''] = servers.map(
    (server) => `127.0.0.1:${(server.address() as AddressInfo).port}`,
  );
  const registry: WritableRegistry = {
    address,
    second,
    blobs: new Map(),
    manifests: new Map(),
    seen,
    treat: undefined,
    change: undefined,
    lie: undefined,
    minimum: undefined,
    knowsReferrers: true,
    [Symbol.asyncDispose]: async () => {
      for (const server of servers) {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      }
    },
  };
  return registry;
}

function digestOf(bytes: Uint8Array): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function json(value: unknown): Buffer {
  return Buffer.from(JSON.stringify(value));
}

function error(code: string): Buffer {
  return json({ errors: [{ code, message: 'provided digest did not match' }] });
}
