import type { Difference } from './compare.ts';

/** A file that differs, and the step of a build that made it differ. */
export interface Blame {
  /** The artifact, or the file beside the artifacts. */
  readonly file: string;
  /** The first byte that is not the same; absent for directories. */
  readonly offset?: number;
  /** Id of a step of the plan; `release files` for what tells about the artifacts. */
  readonly step: string;
  /** A file inside of the artifact that differs, with its first differing byte where it has content. */
  readonly inside?: { readonly tree: string; readonly path: string; readonly offset?: number };
}

/** Steps in the order in which one makes another differ. */
const ORDER = ['image', 'squashfs', 'slot-image', 'boot', 'artifact', 'sbom', 'provenance', 'release files'];

/** Steps by the endings of the documents that they write. */
const DOCUMENTS: readonly (readonly [name: RegExp, step: string])[] = [
  [/\.(spdx|cdx)\.json$/, 'sbom'],
  [/\.provenance\.json$/, 'provenance'],
];

/** Parts that several artifacts hold, by the file that they are in there. */
const PARTS: readonly (readonly [tree: RegExp, path: RegExp, step: string])[] = [
  [/^iso$/, /^rootfs\.squashfs$/, 'squashfs'],
  [/^partition (state|recovery)$/, /^cOS\/\w+\.img$/, 'slot-image'],
  [/^(iso|partition \w+)$/, /(^|\/)(vmlinuz|initrd|kernel|shim)[^/]*$|\.mod$/i, 'boot'],
];

/**
 * Finds out which steps made two output directories of the same build differ, the one that began it first. A part that
 * differs in one artifact differs in all that hold it, and an image that differs makes all of them differ.
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
    // A squashfs is a part as well as an artifact, and nothing is added to it.
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
