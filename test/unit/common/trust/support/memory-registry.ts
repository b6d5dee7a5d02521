import type { Descriptor, RegistryReader } from '../../../../../src/common/oci/registry/repository-reader.ts';
import { bundle, digestOf, type Signer, simpleSigning, statement } from './signer.ts';

const CLASSIC = 'application/vnd.dev.cosign.artifact.sig.v1+json';
const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A repository in memory. */
export interface MemoryRegistry extends RegistryReader {
  /** Manifests and blobs by tag or digest; tests damage them. */
  readonly content: Map<string, Uint8Array>;
  /** Every request, in order. */
  readonly requests: readonly string[];
  /** Adds a layer to the tag `sha256-HEX.sig` of an image. */
  addClassic(digest: string, by: Signer, payload?: string): string;
  /** Adds a manifest of the same form, which refers to the image. */
  addClassicReferrer(digest: string, by: Signer, payload?: string): string;
  /** Adds a manifest that refers to an image, of the type of bundles. */
  addReferrer(digest: string, manifest: object): void;
  /** Adds a bundle that refers to an image. */
  addBundle(digest: string, by: Signer, content?: string): string;
}

/** @param listedAs the type that it lists bundles with; `null` for none */
export function memoryRegistry(listedAs: string | null = BUNDLE): MemoryRegistry {
  const content = new Map<string, Uint8Array>();
  const requests: string[] = [];
  const referrers = new Map<string, Descriptor[]>();
  const classics = new Map<string, Descriptor[]>();
  const store = (text: string, name = digestOf(text)) => {
    content.set(name, Buffer.from(text));
    return name;
  };
  const fetch = (name: string) => {
    requests.push(name);
    return content.get(name);
  };
  const refer = (digest: string, manifest: object, artifactType: string | null) => {
    const entry = {
      mediaType: 'application/vnd.oci.image.manifest.v1+json',
      digest: store(JSON.stringify(manifest)),
      ...(artifactType === null ? {} : { artifactType }),
    };
    referrers.set(digest, [...(referrers.get(digest) ?? []), entry]);
  };
  const classicLayer = (by: Signer, payload: string) => ({
    mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json',
    digest: store(payload),
    annotations: {
      'dev.cosignproject.cosign/signature': by.sign(Buffer.from(payload)).toString('base64'),
    },
  });
  return {
    content,
    requests,
    manifest: async (name) => {
      const bytes = fetch(name);
      return bytes && { bytes, mediaType: 'application/json', digest: name };
    },
    blob: async (digest) => {
      const bytes = fetch(digest);
      if (!bytes) throw new Error('404 Not Found');
      return bytes;
    },
    referrers: async (digest) => {
      requests.push(`referrers ${digest}`);
      return referrers.get(digest) ?? [];
    },
    addClassic: (digest, by, payload = simpleSigning(digest)) => {
      const layer = classicLayer(by, payload);
      const layers = [...(classics.get(digest) ?? []), layer];
      classics.set(digest, layers);
      store(JSON.stringify({ layers }), `${digest.replace(':', '-')}.sig`);
      return layer.digest;
    },
    addClassicReferrer: (digest, by, payload = simpleSigning(digest)) => {
      const layer = classicLayer(by, payload);
      refer(digest, { layers: [layer] }, CLASSIC);
      return layer.digest;
    },
    addReferrer: (digest, manifest) => refer(digest, manifest, listedAs),
    addBundle: (digest, by, text = bundle(statement(digest), by)) => {
      const blob = store(text);
      refer(digest, { layers: [{ mediaType: BUNDLE, digest: blob }] }, listedAs);
      return blob;
    },
  };
}
