import type { Difference } from './compare.ts';

/** A file that differs, and the build step that caused the difference. */
export interface Blame {
  /** Name of the artifact or other output file. */
  readonly file: string;
  /** Offset of the first differing byte; absent for directories. */
  readonly offset?: number;
  /** Id of a step of the plan; `release files` for files that describe the artifacts. */
  readonly step: string;
  /** A differing file inside the artifact, with the offset of its first differing byte if its content differs. */
  readonly inside?: { readonly tree: string; readonly path: string; readonly offset?: number };
}

/** Steps in dependency order: a difference in one causes differences in later ones. */
const ORDER = ['image', 'squashfs', 'slot-image', 'boot', 'artifact', 'sbom', 'provenance', 'release files'];

/** Steps by the suffix of the documents that they write. */
const DOCUMENTS: readonly (readonly [name: RegExp, step: string])[] = [
  [/\.(spdx|cdx)\.json$/, 'sbom'],
  [/\.provenance\.json$/, 'provenance'],
];

/** Steps whose output several artifacts contain, by its path there. */
const PARTS: readonly (readonly [tree: RegExp, path: RegExp, step: string])[] = [
  [/^iso$/, /^rootfs\.squashfs$/, 'squashfs'],
  [/^partition (state|recovery)$/, /^cOS\/\w+\.img$/, 'slot-image'],
  [/^(iso|partition \w+)$/, /(^|\/)(vmlinuz|initrd|kernel|shim)[^/]*$|\.mod$/i, 'boot'],
];

/**
 * Determines the build steps that made two output directories of the same build differ. A part that differs in one artifact
 * differs in every artifact that contains it, and a different image affects all of them.
 * @returns one entry per differing file, earliest cause first
 */
export function blame({ artifacts }: Difference): Blame[] {
  const found = artifacts.map((artifact): Blame => {
    const file = artifact.a.name.split('/').at(-1) ?? artifact.a.name;
    const at = artifact.firstByte === undefined ? {} : { offset: artifact.firstByte.offset };
    if (artifact.a.kind === 'file') {
      const step = DOCUMENTS.find(([name]) => name.test(file))?.[1] ?? 'release files';
      return { file, ...at, step };
    }
    const root = first(artifact, /^rootfs$/);
    if (root !== undefined) return { file, ...at, step: 'image', inside: root };
    for (const [tree, path, step] of PARTS) {
      const part = first(artifact, tree, path);
      if (part !== undefined) return { file, ...at, step, inside: part };
    }
    const inside = first(artifact, /./);
    const kind = artifact.a.kind === 'image' ? 'oci' : artifact.a.kind;
    // A squashfs is the output of its step, unchanged.
    const step = kind === 'squashfs' ? 'squashfs' : `artifact:${kind}`;
    return { file, ...at, step, ...(inside === undefined ? {} : { inside }) };
  });
  const rank = ({ step }: Blame) => ORDER.indexOf(step.replace(/:.*/, ''));
  return found.sort((a, b) => rank(a) - rank(b));
}

function first({ trees }: Difference, tree: RegExp, path = /./): Blame['inside'] {
  for (const { tree: name, changes } of trees) {
    const change = tree.test(name) ? changes.find((candidate) => path.test(candidate.path)) : undefined;
    if (change === undefined) continue;
    return {
      tree: name,
      path: change.path,
      ...(change.offset === undefined ? {} : { offset: change.offset }),
    };
  }
  return undefined;
}
