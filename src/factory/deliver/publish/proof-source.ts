import { existsSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { FactoryError } from '../../../common/errors/factory-error.ts';
import { type BaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { A_BOOTABLE } from '../../config/bootable.ts';

/** What to prove: artifacts that exist, or an image to make something bootable of. */
export type ProofSource =
  | { readonly kind: 'files'; readonly path: string }
  | { readonly kind: 'image'; readonly reference: Exclude<BaseReference, { kind: 'bootstrap' }> };

/**
 * Parses what to prove, as given on the command line: an artifact, the output directory of a build, an OCI layout, or the
 * reference of an image.
 * @param directory base of relative paths
 * @throws FactoryError `usage` when the text is none of these
 */
export function parseProofSource(text: string, directory: string): ProofSource {
  const path = resolve(directory, text);
  if (existsSync(join(path, 'oci-layout')))
    return { kind: 'image', reference: { kind: 'oci', path, tag: undefined } };
  if (existsSync(path) && (statSync(path).isDirectory() || !/\.(tar|tgz|txz|tar\.\w+)$/.test(path)))
    return { kind: 'files', path };
  // A name without a tag or digest is more likely a path that does not exist.
  if (!/[:@][^/]*$/.test(text) && !existsSync(path)) {
    throw new FactoryError('FILE_NOT_FOUND', `${text} does not exist`, {
      remedy: `Give ${A_BOOTABLE} file, the output directory of a build, or an image as NAME:TAG.`,
    });
  }
  const reference = parseBaseReference(text, directory);
  if (reference.kind !== 'bootstrap') return { kind: 'image', reference };
  throw new FactoryError('SOURCE_UNSUITABLE', `"${text}" is not an existing image`, {
    remedy: 'Build it, with --prove.',
  });
}
