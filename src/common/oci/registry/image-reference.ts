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

/** Registry of names that have none, as all container tools have it. */
const DEFAULT_REGISTRY = 'docker.io';
/** OCI distribution-spec 1.1, "Pulling manifests": forms of a name and of a tag. */
const REPOSITORY = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:\/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
/** A name or an IPv4 address, or an IPv6 address in brackets, and a port. */
const REGISTRY = /^(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9a-fA-F:.]+\])(?::[0-9]{1,5})?$/;
/** Names are at most this long, registry and all (distribution-spec: clients may limit to 255). */
const NAME_LIMIT = 255;

/** OCI image-spec 1.1, "Registered Algorithms": the two that a runtime must know or may know. */
const DIGEST = /^(?:sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128})$/;

/** Whether a text is a digest of a kind that can be checked. */
export function isDigest(text: string): boolean {
  return DIGEST.test(text);
}

/**
 * Parses `[registry/]name[:tag][@digest]`. A bare name is one of `docker.io/library`; without tag and digest the tag is
 * `latest`.
 * @throws FactoryError `usage` when the text is no reference
 */
export function parseImageReference(text: string): ImageReference {
  const at = text.indexOf('@');
  const digest = at < 0 ? undefined : text.slice(at + 1);
  if (digest !== undefined && !isDigest(digest)) throw malformed(text, `"${digest}" is no digest`);
  const rest = at < 0 ? text : text.slice(0, at);

  const colon = rest.lastIndexOf(':');
  const isTagged = colon > rest.lastIndexOf('/');
  const tag = isTagged ? rest.slice(colon + 1) : undefined;
  if (tag !== undefined && !TAG.test(tag)) throw malformed(text, `"${tag}" is no tag`);
  const name = isTagged ? rest.slice(0, colon) : rest;

  const { registry, repository } = splitName(name);
  if (!REGISTRY.test(registry)) throw malformed(text, `"${registry}" is no name of a registry`);
  if (!REPOSITORY.test(repository)) {
    throw malformed(text, `"${repository}" is no name of an image; names are in lower case`);
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

/** The full text of a reference; it parses to the same again. */
export function formatImageReference({ registry, repository, tag, digest }: ImageReference): string {
  const tagged = tag === undefined ? '' : `:${tag}`;
  return `${registry}/${repository}${tagged}${digest === undefined ? '' : `@${digest}`}`;
}

function malformed(text: string, problem: string): FactoryError {
  return new FactoryError('IMAGE_REFERENCE_INVALID', `"${text}" does not name an image: ${problem}`, {
    remedy: 'Write REGISTRY/NAME:TAG or REGISTRY/NAME@sha256:DIGEST.',
  });
}
