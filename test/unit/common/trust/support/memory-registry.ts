import type { Descriptor, RegistryReader } from '../../../../../src/common/oci/registry/repository-reader.ts';
import { bundle, digestOf, type Signer, simpleSigning, statement } from './signer.ts';

const BUNDLE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** A repository in memory. */
export interface MemoryRegistry extends RegistryReader {
  /** Manifests and blobs by tag or digest; tests damage them. */
  readonly content: Map<string, Uint8Array>;
  /** Every request, in order. */
  readonly requests: readonly string[];
  /** Adds a layer to the tag `sha256-HEX.sig` of an image. */
  addClassic(digest: string, by: Signer, payload?: string): string;
  /** Adds a bundle that refers to an image. */
  addBundle(digest: string, by: Signer, content?: string): string;
}

/** @param api whether it has the referrers API; without it, there is the tag `sha256-HEX` */
export function memoryRegistry(api = true): MemoryRegistry {
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
      return api ? (referrers.get(digest) ?? []) : [];
    },
    addClassic: (digest, by, payload = simpleSigning(digest)) => {
      const blob = store(payload);
      const signature = by.sign(Buffer.from(payload)).toString('base64');
      const annotations = { 'dev.cosignproject.cosign/signature': signature };
      const mediaType = 'application/vnd.dev.cosign.simplesigning.v1+json';
      const layers = [...(classics.get(digest) ?? []), { mediaType, digest: blob, annotations }];
      classics.set(digest, layers);
      store(JSON.stringify({ layers }), `${digest.replace(':', '-')}.sig`);
      return blob;
    },
    addBundle: (digest, by, text = bundle(statement(digest), by)) => {
      const blob = store(text);
      const manifest = store(JSON.stringify({ layers: [{ mediaType: BUNDLE, digest: blob }] }));
      const listed = [
        ...(referrers.get(digest) ?? []),
        { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest: manifest, artifactType: BUNDLE },
      ];
      referrers.set(digest, listed);
      if (!api) store(JSON.stringify({ manifests: listed }), digest.replace(':', '-'));
      return blob;
    },
  };
}
