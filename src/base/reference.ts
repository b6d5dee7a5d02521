import { resolve } from 'node:path';
import { FactoryError } from '../errors/factory-error.ts';
import { didYouMean } from '../spec/suggest.ts';

/** A base or OS image, by where it comes from. Paths are absolute. */
export type Reference =
  | { readonly kind: 'bootstrap'; readonly release: string | undefined }
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
const SCHEMES = ['bootstrap', 'oci', 'docker-archive', 'docker-daemon', 'dir', 'tar'];
const FORMS =
  'bootstrap:[RELEASE], oci:DIR[:TAG], docker-archive:FILE, docker-daemon:NAME[:TAG], dir:DIR, FILE.tar[.gz|.xz|.zst]';

/**
 * Parses a reference to a base or an OS image.
 * @param directory what relative paths are relative to
 * @throws FactoryError `usage` when it has none of the known forms
 */
export function parseReference(text: string, directory: string): Reference {
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
    case undefined:
      if (TARBALL.test(text)) return { kind: 'tar', path: resolve(directory, text) };
      throw malformed(text, 'it has no known form');
    default:
      throw malformed(text, `"${scheme}:" is no known kind${didYouMean(scheme, SCHEMES)}`);
  }
}

/** The text that parses to `reference` from any directory. */
export function formatReference(reference: Reference): string {
  switch (reference.kind) {
    case 'bootstrap':
      return `bootstrap:${reference.release ?? ''}`;
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
  return new FactoryError('usage', `cannot use "${text}" as an image: ${problem}`, {
    remedy: `Use one of: ${FORMS}.`,
  });
}
