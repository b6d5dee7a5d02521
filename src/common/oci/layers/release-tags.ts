/** The fields in the name of an OS image (docs/contract.md 6.8, 6.10). */
export interface ReleaseIdentity {
  readonly flavor: string;
  readonly flavorRelease: string;
  readonly variant: string;
  readonly arch: string;
  readonly model: string;
  readonly version: string;
  /** Kubernetes distribution and version, for variant `standard`. */
  readonly software?: { readonly prefix: string; readonly version: string };
  /** For Trusted Boot: a unified kernel image. */
  readonly uki: boolean;
}

/** The release that a tag names. */
export interface Release {
  readonly tag: string;
  readonly version: string;
  readonly software?: { readonly prefix: string; readonly version: string };
}

/** A version with an optional pre-release; then the Kubernetes distribution and its version, in which `-` replaces `+`. */
const TAG = /^(v?\d+\.\d+\.\d+(?:[-.][\w.-]*?)??)(?:-([a-z][a-z0-9]*?)-?(v\d+\.\d+\.\d+[\w.-]*))?$/;

/**
 * Reads a tag `FLAVOR_RELEASE-VARIANT-ARCH-MODEL-VERSION[-k3sv1.34.1-k3s1][-uki]` (docs/contract.md 6.10).
 * @returns `undefined` for a tag of another system than `node`, and for disk images (`-img`)
 */
export function parseReleaseTag(tag: string, node: ReleaseIdentity): Release | undefined {
  const prefix = `${node.flavorRelease}-${node.variant}-${node.arch}-${node.model}-`;
  if (!tag.startsWith(prefix) || tag.endsWith('-img') || tag.endsWith('-uki') !== node.uki) return undefined;
  const match = TAG.exec(tag.slice(prefix.length).replace(/-uki$/, ''));
  if (match?.[1] === undefined) return undefined;
  const [, version, distribution, number] = match;
  if (distribution !== node.software?.prefix) return undefined;
  const software =
    distribution === undefined || number === undefined
      ? undefined
      : { prefix: distribution, version: number.replace(/-(?=k[0-9a-z]+(?:\.|$)|rke2)/, '+') };
  return { tag, version, ...(software === undefined ? {} : { software }) };
}

/** Whether a version is a pre-release, such as `v3.5.0-rc1` (Semantic Versioning 2.0.0, section 9). */
export function isPreRelease(version: string): boolean {
  return parts(version).pre.length > 0;
}

/** Compares releases by version, then by the version of Kubernetes. */
export function compareReleases(left: Omit<Release, 'tag'>, right: Omit<Release, 'tag'>): number {
  return (
    compareVersions(left.version, right.version) ||
    compareVersions(left.software?.version ?? '', right.software?.version ?? '')
  );
}

/**
 * Compares versions (Semantic Versioning 2.0.0, section 11), including their build metadata: `+k3s2` is later than
 * `+k3s1`. Numbers within words are compared as numbers: `rc10` is later than `rc9`.
 */
export function compareVersions(left: string, right: string): number {
  const a = parts(left);
  const b = parts(right);
  const pre = a.pre.length === 0 || b.pre.length === 0 ? b.pre.length - a.pre.length : 0;
  return compareLists(a.core, b.core) || pre || compareLists(a.pre, b.pre) || compareLists(a.build, b.build);
}

function parts(version: string) {
  const [rest = '', build = ''] = version.replace(/^v/, '').split('+');
  const dash = rest.indexOf('-');
  return {
    core: pieces(dash < 0 ? rest : rest.slice(0, dash)),
    pre: pieces(dash < 0 ? '' : rest.slice(dash + 1)),
    build: pieces(build),
  };
}

function pieces(text: string): string[] {
  return text.match(/\d+|[^\d.-]+/g) ?? [];
}

function compareLists(left: readonly string[], right: readonly string[]): number {
  const length = Math.max(left.length, right.length);
  const orders = Array.from({ length }, (_, index) => compareFields(left[index] ?? '', right[index] ?? ''));
  return orders.find((order) => order !== 0) ?? 0;
}

/** Missing fields sort first, and numbers before words. */
function compareFields(a: string, b: string): number {
  if (a === b) return 0;
  if (a === '' || b === '') return a === '' ? -1 : 1;
  const x = Number(a);
  const y = Number(b);
  if (Number.isNaN(x) !== Number.isNaN(y)) return Number.isNaN(x) ? 1 : -1;
  if (Number.isNaN(x)) return a < b ? -1 : 1;
  return x - y;
}
