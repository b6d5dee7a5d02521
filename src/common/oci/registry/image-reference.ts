import { FactoryError } from '../../errors/factory-error.ts';

/** An image in a registry. It has a tag, a digest, or both; the digest decides when there is one. */
export interface ImageReference {
  /** Host with its port, such as `quay.io`, `localhost:5000` or `[::1]:5000`. */
  readonly registry: string;
  readonly repository: string;
  readonly tag: string | undefined;
  /** `sha256:…` or `sha512:…`. */
  readonly digest: string | undefined;
}

/** Registry of names without one, as in all container tools. */
const DEFAULT_REGISTRY = 'docker.io';
/** Formats of a name and a tag (OCI distribution-spec 1.1, "Pulling manifests"). */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
/** A host name, an IPv4 address or an IPv6 address in brackets, and an optional port. */
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/;
/** Maximum length of a name including the registry (distribution-spec: clients may limit it to 255). */
const NAME_LIMIT = 255;

/** Digests with the registered algorithms (OCI image-spec 1.1, "Registered Algorithms"). */
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether a text is a digest with a supported algorithm. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/**
 * Parses `[registry/]name[:tag][@digest]`. A bare name is in `docker.io/library`; without tag and digest, the tag is
 * `latest`.
 * @throws FactoryError `usage` when the text is not a reference
 */
export function parseImageReference(text: string): ImageReference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw malformed(text, `"${digest}" is not a digest`);
  const rest = at < 0 ? text : text.slice(0, at);

  const colon = rest.lastIndexOf(':');
  const isTagged = colon > rest.lastIndexOf('/');
  const tag = isTagged ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw malformed(text, `"${tag}" is not a tag`);
  const name = isTagged ? rest.slice(0, colon) : rest;

  const { registry, repository } = splitName(name);
  if (!REGISTRY.test(registry)) throw malformed(text, `"${registry}" is not the name of a registry`);
  if (!REPOSITORY.test(repository)) {
    throw malformed(text, `"${repository}" is not the name of an image; names are in lower case`);
  }
  if (registry.length + repository.length >= NAME_LIMIT) throw malformed(text, 'it is too long');
  return { registry, repository, tag: tag ?? (digest === undefined ? 'latest' : undefined), digest };
}

function splitName(name: string): Pick<ImageReference, 'registry' | 'repository'> {
  const slash = name.indexOf('/');
  const first = slash < 0 ? '' : name.slice(0, slash);
  const isRegistry = /[.:[\]A-Z]/.test(first) || first === 'localhost';
  const registry = isRegistry ? first : DEFAULT_REGISTRY;
  const repository = isRegistry ? name.slice(slash + 1) : name;
  if (registry !== DEFAULT_REGISTRY && registry !== 'index.docker.io') return { registry, repository };
  return {
    registry: DEFAULT_REGISTRY,
    repository: repository.includes('/') ? repository : `library/${repository}`,
  };
}

/** Formats a reference in full, so that {@link parseImageReference} returns the same. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  const tagged = tag === undefined ? '' : `:${tag}`;
  return `${registry}/${repository}${tagged}${digest === undefined ? '' : `@${digest}`}`;
}

function malformed(text: string, problem: string): FactoryError {
  return new FactoryError('IMAGE_REFERENCE_INVALID', `"${text}" does not name an image: ${problem}`, {
    remedy: 'Write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST.',
  });
}
