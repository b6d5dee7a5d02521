import { basename } from 'node:path';
import { formatBaseReference, parseBaseReference } from '../../config/base-reference.ts';
import { isUrl } from '../../config/file-source.ts';
import type { HooksSpec } from '../../config/hooks.ts';
import type { ArtifactsSpec, BuildSpec } from '../../config/schema.ts';

/**
 * Returns the parameters of a build in a form that may be published: without paths of the user's machine, without settings
 * that do not affect the result (output, engine, registries, lock file), and without credentials in URLs. The files at the
 * omitted paths are listed among the dependencies, by digest.
 */
export function publicParameters(spec: ArtifactsSpec | BuildSpec): Record<string, unknown> {
  const { artifacts, compression, ociCompression, disk, cloudConfig, overlayRootfs, overlayIso } = spec;
  return defined({
    ...('flavor' in spec ? buildParameters(spec) : {}),
    artifacts: [...artifacts].sort(),
    compression,
    'oci-compression': ociCompression,
    disk,
    'cloud-config': named(cloudConfig),
    'overlay-rootfs': named(overlayRootfs),
    'overlay-iso': named(overlayIso),
  });
}

/** The hooks of each stage that has some. Variables may have secrets, so only their names are public. */
function hookParameters(hooks: HooksSpec): object | undefined {
  const used = Object.entries(hooks).filter(([, list]) => list.length > 0);
  if (used.length === 0) return undefined;
  const entries = used.map(([stage, list]) => [
    stage,
    list.map(({ run, inputs, environment }) => ({
      run: basename(run),
      inputs: inputs.map((path) => basename(path)),
      environment: Object.keys(environment).sort(),
    })),
  ]);
  return Object.fromEntries(entries) as object;
}

function buildParameters(spec: BuildSpec): Record<string, unknown> {
  const { flavor, release, kernel, model, arch, variant, version, packages, packageSets } = spec;
  const { containerfile, framework, kubernetes, snapshot } = spec;
  return {
    flavor: flavor?.includes('/') ? basename(flavor) : flavor,
    release,
    kernel,
    model,
    arch,
    variant,
    version,
    snapshot,
    ...(spec.installPackages ? {} : { 'install-packages': false }),
    packages: [...packages].sort(),
    'package-sets': packageSets.length > 0 ? [...packageSets].sort() : undefined,
    base: spec.base === undefined ? undefined : publicReference(spec.base),
    mirror: spec.mirror === undefined ? undefined : publicUrl(spec.mirror),
    'kernel-from': spec.kernelFrom === undefined ? undefined : publicReference(spec.kernelFrom),
    ...(spec.netboot ? { netboot: true } : {}),
    containerfile: containerfile && { file: basename(containerfile.file), stage: containerfile.stage },
    framework:
      framework.name === 'builtin'
        ? framework
        : defined({ ...framework, source: publicReference(framework.source) }),
    'trust.upgrade': spec.trust?.upgrade?.map(({ match, keys, threshold = 1, unsigned, ...rest }) =>
      unsigned
        ? { match, unsigned }
        : defined({ match, threshold, keys: keys.map((key) => basename(key)), ...rest }),
    ),
    hooks: hookParameters(spec.hooks),
    bundles: spec.bundles.map(({ image, mode }) => ({ image: publicReference(image), mode })),
    kubernetes:
      kubernetes &&
      defined({
        ...kubernetes,
        binary: publicPlace(kubernetes.binary),
        mirror: publicPlace(kubernetes.mirror),
        images: kubernetes.images.map((image) => defined({ ...image, source: publicPlace(image.source) })),
      }),
  };
}

/** Returns a reference without local directories. @throws FactoryError `usage` when it cannot be parsed */
export function publicReference(text: string): string {
  if (text.startsWith('/')) return basename(text);
  const reference = parseBaseReference(text, '/');
  switch (reference.kind) {
    case 'bootstrap':
    case 'docker':
    case 'docker-daemon':
      return formatBaseReference(reference);
    case 'oci':
      return `oci:${basename(reference.path)}${reference.tag === undefined ? '' : `:${reference.tag}`}`;
    default:
      return `${reference.kind}:${basename(reference.path)}`;
  }
}

/** Returns a URL without user, password, query and fragment, all of which may contain tokens; a base name for a path. */
export function publicUrl(text: string): string {
  if (!URL.canParse(text)) return basename(text);
  const url = new URL(text);
  url.username = '';
  url.password = '';
  url.search = '';
  url.hash = '';
  return url.href;
}

function publicPlace(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  return isUrl(text) ? publicUrl(text) : basename(text);
}

function named(path: string | undefined): string | undefined {
  return path === undefined ? undefined : basename(path);
}

function defined(values: Record<string, unknown>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
