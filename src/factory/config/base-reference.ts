import { resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { FactoryError } from '../../common/errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../../common/oci/registry/image-reference.ts';

/** A base or OS image, by where it comes from. Paths are absolute. */
export type BaseReference =
  | { readonly kind: 'bootstrap'; readonly release: string | undefined }
  /** In a registry. */
  | { readonly kind: 'docker'; readonly image: ImageReference }
  | { readonly kind: 'oci'; readonly path: string; readonly tag: string | undefined }
  | { readonly kind: 'docker-archive'; readonly path: string }
  | { readonly kind: 'docker-daemon'; readonly name: string }
  | { readonly kind: 'dir'; readonly path: string }
  | { readonly kind: 'tar'; readonly path: string };

/** A path and an OCI tag (distribution-spec, "Pulling manifests"). */
const TAGGED = /^(.+):([\w][\w.-]{0,127})$/;
/** An image in a daemon: NAME[:TAG][@DIGEST], or an identifier. Nothing else gets into the address of a request. */
const DAEMON_NAME = /^[a-z0-9]+(?:[._/:-]+\w[\w.-]*)*(?:@sha256:[0-9a-f]{64})?$/;
const TARBALL = /\.(tar|tar\.gz|tgz|tar\.xz|txz|tar\.zst)$/;
/** What begins like a path, or is a name with an ending and nothing else, is meant as a file. */
const FILE = /^(?:[./~]|[^/:@]*\.[^/:@]*$)/;
const SCHEMES = ['bootstrap', 'docker', 'oci', 'docker-archive', 'docker-daemon', 'dir', 'tar'];
const FORMS =
  'NAME:TAG or docker://REGISTRY/NAME:TAG[@DIGEST], bootstrap:[RELEASE], oci:DIR[:TAG], docker-archive:FILE, docker-daemon:NAME[:TAG], dir:DIR, FILE.tar[.gz|.xz|.zst]';

/**
 * Parses a reference to a base or an OS image. What has none of the prefixes and is no tar is an image of a registry, by
 * its name as Docker understands it; an image that is called like a prefix, or nearly so, needs `docker://`.
 * @param directory what relative paths are relative to
 * @throws FactoryError `usage` when it has none of the known forms
 */
export function parseBaseReference(text: string, directory: string): BaseReference {
  const match = /^([a-z-]+):(.*)$/s.exec(text);
  const scheme = match?.[1];
  const rest = match?.[2] ?? '';
  const path = () => {
    if (rest === '') throw malformed(text, `a path is missing after "${scheme}:"`);
    return resolve(directory, rest);
  };
  switch (scheme) {
    case 'bootstrap':
      return { kind: 'bootstrap', release: rest === '' ? undefined : rest };
    case 'oci': {
      const tagged = TAGGED.exec(rest);
      return tagged?.[1] === undefined
        ? { kind: 'oci', path: path(), tag: undefined }
        : { kind: 'oci', path: resolve(directory, tagged[1]), tag: tagged[2] };
    }
    case 'docker-daemon':
      if (rest === '') throw malformed(text, 'the name of an image is missing after "docker-daemon:"');
      if (!DAEMON_NAME.test(rest) || rest.includes('..')) {
        throw malformed(text, `"${rest}" is no name of an image`);
      }
      return { kind: scheme, name: rest };
    case 'docker-archive':
    case 'dir':
    case 'tar':
      return { kind: scheme, path: path() };
    default:
      return parseBare(text, scheme, rest, directory);
  }
}

function parseBare(text: string, scheme: string | undefined, rest: string, directory: string): BaseReference {
  if (scheme === 'docker' && rest.startsWith('//'))
    return { kind: 'docker', image: named(text, rest.slice(2)) };
  // "docker:27" is an image of Docker Hub.
  if (scheme !== undefined && scheme !== 'docker') {
    const meant = SCHEMES.find((known) => isNear(scheme, known));
    if (meant !== undefined || rest.startsWith('//')) {
      const question = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      throw malformed(text, `"${scheme}:" is no known kind${question}`);
    }
  }
  if (TARBALL.test(text)) return { kind: 'tar', path: resolve(directory, text) };
  if (text === '' || FILE.test(text)) throw malformed(text, 'it has no known form');
  return { kind: 'docker', image: named(text, text) };
}

/** Whether a word is a slip of the pen for a known one. Short ones are near to too many names of images. */
function isNear(word: string, known: string): boolean {
  return distance(word, known) <= (known.length <= 3 ? 1 : 2);
}

function named(text: string, name: string): ImageReference {
  try {
    return parseImageReference(name);
  } catch (error) {
    if (!(error instanceof FactoryError)) throw error;
    throw malformed(text, error.message);
  }
}

/** The text that parses to `reference` from any directory. */
export function formatBaseReference(reference: BaseReference): string {
  switch (reference.kind) {
    case 'bootstrap':
      return `bootstrap:${reference.release ?? ''}`;
    case 'docker':
      return `docker://${formatImageReference(reference.image)}`;
    case 'oci':
      if (reference.tag !== undefined) return `oci:${reference.path}:${reference.tag}`;
      // A closing slash keeps the end of a path that looks like a tag from being read as one.
      return `oci:${reference.path}${TAGGED.test(reference.path) ? '/' : ''}`;
    case 'docker-daemon':
      return `docker-daemon:${reference.name}`;
    default:
      return `${reference.kind}:${reference.path}`;
  }
}

function malformed(text: string, problem: string): FactoryError {
  return new FactoryError('IMAGE_REFERENCE_INVALID', `cannot use "${text}" as an image: ${problem}`, {
    remedy: `Use one of: ${FORMS}.`,
  });
}

/** A reference with its relative path resolved against a directory. @throws FactoryError `usage` */
export function absoluteReference(reference: string, directory: string): string {
  return formatBaseReference(parseBaseReference(reference, directory));
}
