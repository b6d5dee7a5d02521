import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { isFlavorFile } from '../catalog/flavors/flavor-file.ts';
import { anchorBuildkit } from './buildkit.ts';
import { anchorBundles } from './bundles.ts';
import { anchorHooks } from './hooks.ts';
import { anchorKubernetes } from './kubernetes.ts';
import { isRemote } from './place.ts';
import { anchorReference, type ResolveReference } from './reference-schema.ts';
import { anchorSharedCache } from './shared-cache.ts';
import { anchorKey, anchorSign, anchorTrust } from './signing.ts';

/** The base for relative paths. */
interface Anchor {
  /** The directory of the file that names them, or the working directory. */
  readonly directory: string;
  readonly resolveReference: ResolveReference;
}

type Data = Readonly<Record<string, unknown>>;
type AnchorText = (value: string, anchor: Anchor) => unknown;

const path: AnchorText = (value, { directory }) => resolve(directory, value);
const reference: AnchorText = (value, { directory, resolveReference }) =>
  anchorReference(resolveReference, value, directory);

/** Keys with a text value that is or contains a path. */
const TEXT_KEYS: Readonly<Record<string, AnchorText>> = {
  'sign.password-file': path,
  'sign.signing-config': path,
  'sign.trusted-root': path,
  'cloud-config': path,
  'buildkit.tls': path,
  'overlay-rootfs': path,
  'overlay-iso': path,
  output: path,
  'lock-file': path,
  containerfile: path,
  'containerfile-context': path,
  'release-output': path,
  base: reference,
  image: reference,
  'kernel-from': reference,
  'framework.source': fileOrReference,
  'release-previous': (value, { directory }) => (isRemote(value) ? value : resolve(directory, value)),
  flavor: (value, { directory }) => (isFlavorFile(value) ? resolve(directory, value) : value),
  'sign.key': (value, { directory }) => anchorKey(value, directory),
};

/** Keys whose value may be a mapping or a list with paths. */
const MAPPING_KEYS: Readonly<Record<string, (value: unknown, anchor: Anchor) => unknown>> = {
  registries: (value, { directory }) => anchorAuthorities(value, directory),
  kubernetes: (value, { directory }) => anchorKubernetes(value, directory),
  bundles: (value, { directory, resolveReference }) => anchorBundles(value, directory, resolveReference),
  sign: (value, { directory }) => anchorSign(value, directory),
  cache: (value, { directory }) => anchorSharedCache(value, directory),
  trust: (value, { directory }) => anchorTrust(value, directory),
  framework: anchorFramework,
  hooks: (value, { directory }) => anchorHooks(value, directory),
  prove: anchorProve,
  buildkit: (value, { directory }) => anchorBuildkit(value, directory),
};

/** Makes relative paths in the values of a configuration absolute. Leaves malformed values to the schema. */
export function anchorPaths(data: Data, anchor: Anchor): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, anchorKeyed(key, value, anchor)]),
  );
}

function anchorKeyed(key: string, value: unknown, anchor: Anchor): unknown {
  // Own properties only, because a key may have the name of an inherited property.
  if (Object.hasOwn(MAPPING_KEYS, key)) return MAPPING_KEYS[key]?.(value, anchor);
  if (typeof value === 'string' && Object.hasOwn(TEXT_KEYS, key)) return TEXT_KEYS[key]?.(value, anchor);
  return value;
}

/** Makes the paths of CA certificates of registries absolute. */
function anchorAuthorities(value: unknown, directory: string): unknown {
  if (!Array.isArray(value)) return value;
  return value.map((entry: unknown) => {
    const ca = typeof entry === 'object' && entry !== null ? (entry as Data)['ca'] : undefined;
    return typeof ca === 'string' ? { ...(entry as Data), ca: resolve(directory, ca) } : entry;
  });
}

/** Makes the path in `source` of the mapping `framework` absolute. */
function anchorFramework(value: unknown, anchor: Anchor): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { source } = value as Data;
  return typeof source === 'string' ? { ...value, source: fileOrReference(source, anchor) } : value;
}

/** Makes the path in `checks` of the mapping `prove` absolute. */
function anchorProve(value: unknown, { directory }: Anchor): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const { checks } = value as Data;
  return typeof checks === 'string' ? { ...value, checks: resolve(directory, checks) } : value;
}

/** The absolute path of a program, or the reference of its image if the text has a scheme or is not an existing file. */
function fileOrReference(text: string, { directory, resolveReference }: Anchor): unknown {
  const file = resolve(directory, text);
  const isImage = /^[a-z-]+:/.test(text) || /\.(tar|tar\.gz|tgz|tar\.xz|txz|tar\.zst)$/.test(text);
  return isImage || !existsSync(file) ? anchorReference(resolveReference, text, directory) : file;
}
