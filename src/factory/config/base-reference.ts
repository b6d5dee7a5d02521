import { resolve } from 'node:path';
import { distance } from 'fastest-levenshtein';
import { FactoryError } from '../../common/errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../../common/oci/registry/image-reference.ts';
import { localReference } from './local-name.ts';

/** The source of a base or OS image. Paths are absolute. */
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
/** An image in a daemon: NAME[:TAG][@DIGEST], or an id. Nothing else may become part of a request URL. */
const DAEMON_NAME = /^[a-z0-9]+(?:[._/:-]+\w[\w.-]*)*(?:@sha256:[0-9a-f]{64})?$/;
const TARBALL = /\.(tar|tar\.gz|tgz|tar\.xz|txz|tar\.zst)$/;
/** A text that starts like a path, or is only a name with an extension, means a file. */
const FILE = /^(?:[./~]|[^/:@]*\.[^/:@]*$)/;
const SCHEMES = ['bootstrap', 'docker', 'oci', 'docker-archive', 'docker-daemon', 'dir', 'tar'];
const FORMS =
  'NAME:TAG or docker://REGISTRY/NAME:TAG[@DIGEST], bootstrap:[RELEASE], oci:DIR[:TAG], docker-archive:FILE, docker-daemon:NAME[:TAG], dir:DIR, FILE.tar[.gz|.xz|.zst]';

/**
 * Parses a reference to a base or an OS image. Without a prefix, and unless it is a tar file, it is the name of an image in a
 * registry, as in Docker, if no file has that name. An image whose name resembles a prefix needs `docker://`.
 * @param directory base for relative paths
 * @throws FactoryError `usage` when it has none of the known forms
 */
export function parseBaseReference(text: string, directory: string): BaseReference {
  const match = /^([a-z-]+):(.*)$/s.exec(text);
  const scheme = match?.[1];
  const rest = match?.[2] ?? '';
  const path = () => {
    if (rest === '') throw malformed(text, `the path after "${scheme}:" is missing`);
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
      if (rest === '') throw malformed(text, 'the image name after "docker-daemon:" is missing');
      if (!DAEMON_NAME.test(rest) || rest.includes('..')) {
        throw malformed(text, `"${rest}" is not an image name`);
      }
      return { kind: scheme, name: rest };
    case 'docker-archive':
    case 'dir':
    case 'tar':
      return { kind: scheme, path: path() };
    default:
      return parseBare(text, { scheme, rest, directory });
  }
}

interface BareParts {
  /** The text before the first colon, if it looks like a prefix. */
  readonly scheme: string | undefined;
  /** The text after that colon. */
  readonly rest: string;
  readonly directory: string;
}

function parseBare(text: string, { scheme, rest, directory }: BareParts): BaseReference {
  if (scheme === 'docker' && rest.startsWith('//'))
    return { kind: 'docker', image: named(text, rest.slice(2)) };
  // "docker:27" is an image of Docker Hub.
  if (scheme !== undefined && scheme !== 'docker') {
    const meant = SCHEMES.find((known) => isNear(scheme, known));
    if (meant !== undefined || rest.startsWith('//')) {
      const question = meant === undefined ? '' : ` (did you mean "${meant}"?)`;
      throw malformed(text, `"${scheme}:" is not a known prefix${question}`);
    }
  }
  if (TARBALL.test(text)) return { kind: 'tar', path: resolve(directory, text) };
  requireNoFile(text, directory);
  if (text === '' || FILE.test(text)) throw malformed(text, 'its form is unknown');
  return { kind: 'docker', image: named(text, text) };
}

/**
 * Refuses a name that a file or directory has: a registry would be asked for what lies here, or its image would be taken for it.
 * @throws FactoryError `usage`
 */
function requireNoFile(text: string, directory: string): void {
  const local = localReference(text, directory);
  if (local === undefined) return;
  const kind = local.startsWith('tar:') ? 'a file' : 'a directory';
  throw new FactoryError('IMAGE_REFERENCE_INVALID', `cannot use "${text}" as an image: it is ${kind} here`, {
    remedy: FILE.test(text)
      ? `Write ${local}.`
      : `Write ${local}, or docker://${text} for the image in a registry.`,
  });
}

/** Whether a word is a likely typo of a known one. Short words resemble too many image names. */
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

/** Formats a reference so that it parses to the same one in any directory. */
export function formatBaseReference(reference: BaseReference): string {
  switch (reference.kind) {
    case 'bootstrap':
      return `bootstrap:${reference.release ?? ''}`;
    case 'docker':
      return `docker://${formatImageReference(reference.image)}`;
    case 'oci':
      if (reference.tag !== undefined) return `oci:${reference.path}:${reference.tag}`;
      // A trailing slash keeps a path that ends like a tag from being parsed as one.
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

/** Resolves the relative path of a reference against a directory. @throws FactoryError `usage` */
export function absoluteReference(reference: string, directory: string): string {
  return formatBaseReference(parseBaseReference(reference, directory));
}
