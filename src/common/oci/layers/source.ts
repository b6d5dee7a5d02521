import { FactoryError } from '../../errors/factory-error.ts';
import {
  formatImageReference,
  type ImageReference,
  parseImageReference,
} from '../registry/image-reference.ts';

/** The source of an OS, a bundle or an extension (docs/contract.md 5.2). Paths are absolute. */
export type Source =
  | { readonly kind: 'oci'; readonly reference: ImageReference }
  /** A tree, such as the root of the live system. */
  | { readonly kind: 'dir'; readonly path: string }
  /** A filesystem image, used unchanged. */
  | { readonly kind: 'file'; readonly path: string }
  /** An archive of "docker save", or an OCI layout as a tar or directory. */
  | { readonly kind: 'ocifile'; readonly path: string };

const REMEDY = 'Use oci:REGISTRY/NAME:TAG, ocifile:FILE, dir:DIRECTORY or file:IMAGE.';

/**
 * Parses a source (docs/contract.md 5.2): `oci:`, its alias `docker:`, `dir:`, `file:` and `ocifile:`, optionally followed
 * by `//`; a bare image reference is `oci:`.
 * @throws FactoryError `usage` when it has none of these forms
 */
export function parseSource(text: string): Source {
  const trimmed = text.trim();
  const match = /^(oci|docker|dir|file|ocifile):(.*)$/s.exec(trimmed);
  const kind = match?.[1];
  const rest = match?.[2] ?? '';
  switch (kind) {
    case 'dir':
    case 'file':
    case 'ocifile':
      return { kind, path: absolute(trimmed, rest) };
    case 'oci':
    case 'docker':
      return { kind: 'oci', reference: parseImageReference(rest.replace(/^\/\//, '')) };
    default:
      if (trimmed === '' || /^[./]/.test(trimmed)) {
        throw new FactoryError('IMAGE_REFERENCE_INVALID', `"${text}" lacks the type of the source`, {
          remedy: REMEDY,
        });
      }
      return { kind: 'oci', reference: parseImageReference(trimmed) };
  }
}

/** Formats a source so that {@link parseSource} parses it. */
export function formatSource(source: Source): string {
  return source.kind === 'oci'
    ? `oci:${formatImageReference(source.reference)}`
    : `${source.kind}:${source.path}`;
}

function absolute(text: string, path: string): string {
  // After a scheme, "//" may start a URL (file:///srv/x), or be a doubled root (dir://).
  const clean = path.replace(/^\/{2,}/, '/');
  if (clean.startsWith('/')) return clean.length > 1 ? clean.replace(/\/+$/, '') || '/' : clean;
  throw new FactoryError('IMAGE_REFERENCE_INVALID', `the path of source "${text}" is not absolute`, {
    remedy: REMEDY,
  });
}
