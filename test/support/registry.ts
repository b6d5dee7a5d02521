import { createHash } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { execa } from 'execa';
import { freePort } from '../../src/factory/boot/forward.ts';

const MANIFEST = 'application/vnd.oci.image.manifest.v1+json';
const INDEX = 'application/vnd.oci.image.index.v1+json';

/** A manifest of any kind. */
interface Manifest {
  readonly mediaType: string;
  readonly [field: string]: unknown;
}

/** An empty `docker-registry` of Debian on a free loopback port, which runs until it is disposed of. */
export interface TestRegistry extends AsyncDisposable {
  /** `127.0.0.1:PORT`. */
  readonly host: string;
  /** Storage directory: blobs are at `docker/registry/v2/blobs/sha256/AB/ABCD…/data`. */
  readonly storage: string;
  /** Stores a blob and returns its digest. */
  pushBlob(repository: string, content: string | Uint8Array): Promise<string>;
  /** Stores a manifest under a tag, or only under its digest, and returns the digest. */
  pushManifest(repository: string, manifest: Manifest, tag?: string): Promise<string>;
  /** Stores an image whose only layer is the text; the digest depends only on the text. */
  pushImage(repository: string, text: string, tag?: string): Promise<string>;
  /** Stores an image for amd64 with one layer, a tar. Its configuration omits the optional history. */
  pushRoot(repository: string, layer: Uint8Array, tag?: string): Promise<string>;
  /** Stores an index of existing images, one for each architecture. */
  pushIndex(repository: string, images: Readonly<Record<string, string>>, tag?: string): Promise<string>;
  /** Sends a GET request; the response may be an error. */
  get(path: string): Promise<Response>;
}

/** Options for a registry. Content can be pushed only without TLS and password. */
export interface RegistryOptions {
  /** Storage directory of another registry, to serve its content. */
  readonly storage?: string;
  /** Paths of PEM files. */
  readonly tls?: { readonly certificate: string; readonly key: string };
  /** Path of an htpasswd(1) file with bcrypt hashes. */
  readonly htpasswd?: string;
}

/** @throws Error when it does not answer within ten seconds */
export async function startRegistry(options: RegistryOptions = {}): Promise<TestRegistry> {
  const home = await mkdtemp(join(tmpdir(), 'kairos-registry-'));
  const storage = options.storage ?? home;
  const host = `127.0.0.1:${await freePort()}`;
  const config = join(home, 'config.yml');
  await writeFile(
    config,
    JSON.stringify({
      version: 0.1,
      log: { level: 'error' },
      storage: { filesystem: { rootdirectory: storage }, delete: { enabled: true } },
      http: {
        addr: host,
        ...(options.tls ? { tls: options.tls } : {}),
      },
      ...(options.htpasswd ? { auth: { htpasswd: { realm: 'test', path: options.htpasswd } } } : {}),
    }),
  );
  let ended = false;
  const server = execa('/usr/bin/docker-registry', ['serve', config], { reject: false, all: true });
  const end = server.then((result) => {
    ended = true;
    return result;
  });
  const stop = async () => {
    server.kill();
    await end;
    await rm(home, { recursive: true, force: true });
  };
  const base = `http://${host}/v2`;
  for (let attempt = 0; !(await accepts(host)); attempt += 1) {
    if (attempt === 100 || ended) {
      await stop();
      throw new Error(`docker-registry does not answer: ${(await end).all}`);
    }
    await setTimeout(100);
  }

  const pushBlob = async (repository: string, content: string | Uint8Array) => {
    const digest = digestOf(content);
    const upload = await send(`${base}/${repository}/blobs/uploads/`, 'POST');
    const place = new URL(upload.headers.get('location') ?? '', base);
    place.searchParams.set('digest', digest);
    await send(place.href, 'PUT', content, 'application/octet-stream');
    return digest;
  };
  const pushManifest: TestRegistry['pushManifest'] = async (repository, manifest, tag) => {
    const content = JSON.stringify(manifest);
    const digest = digestOf(content);
    await send(`${base}/${repository}/manifests/${tag ?? digest}`, 'PUT', content, manifest.mediaType);
    return digest;
  };
  const pushLayer = async (repository: string, layer: Uint8Array, config: string, tag?: string) => {
    const blob = async (mediaType: string, content: Uint8Array) => ({
      mediaType,
      digest: await pushBlob(repository, content),
      size: content.byteLength,
    });
    const manifest = {
      schemaVersion: 2,
      mediaType: MANIFEST,
      config: await blob('application/vnd.oci.image.config.v1+json', Buffer.from(config)),
      layers: [await blob('application/vnd.oci.image.layer.v1.tar', layer)],
    };
    return pushManifest(repository, manifest, tag);
  };
  return {
    host,
    storage,
    pushBlob,
    pushManifest,
    pushImage: (repository, text, tag) => pushLayer(repository, Buffer.from(text), '{"os":"linux"}', tag),
    pushRoot: (repository, layer, tag) => {
      const rootfs = { type: 'layers', diff_ids: [digestOf(layer)] };
      const config = JSON.stringify({ os: 'linux', architecture: 'amd64', rootfs, config: {} });
      return pushLayer(repository, layer, config, tag);
    },
    pushIndex: async (repository, images, tag) => {
      const manifests = await Promise.all(
        Object.entries(images).map(async ([architecture, digest]) => {
          const answer = await fetch(`${base}/${repository}/manifests/${digest}`, {
            headers: { accept: MANIFEST },
          });
          const size = (await answer.arrayBuffer()).byteLength;
          return { mediaType: MANIFEST, digest, size, platform: { os: 'linux', architecture } };
        }),
      );
      return pushManifest(repository, { schemaVersion: 2, mediaType: INDEX, manifests }, tag);
    },
    get: (path) => fetch(`${base}/${path}`, { headers: { accept: `${INDEX}, ${MANIFEST}` } }),
    [Symbol.asyncDispose]: stop,
  };
}

function digestOf(content: string | Uint8Array): string {
  return `sha256:${createHash('sha256').update(content).digest('hex')}`;
}

async function send(
  url: string,
  method: string,
  body?: string | Uint8Array,
  type?: string,
): Promise<Response> {
  const answer = await fetch(url, {
    method,
    ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }),
    ...(type ? { headers: { 'content-type': type } } : {}),
  });
  if (!answer.ok) throw new Error(`${method} ${url}: ${answer.status} ${await answer.text()}`);
  return answer;
}

/** Whether a server listens on the port. */
async function accepts(address: string): Promise<boolean> {
  const { hostname, port } = new URL(`http://${address}`);
  const socket = connect(Number(port), hostname);
  return new Promise((resolve) => {
    socket.on('connect', () => resolve(true)).on('error', () => resolve(false));
  }).finally(() => socket.destroy()) as Promise<boolean>;
}
