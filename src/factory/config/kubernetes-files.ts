import { DISTRIBUTION_FACTS } from '../catalog/kubernetes/distribution.ts';
import { isUrl, nameOf } from './file-source.ts';
import type { KubernetesSpec } from './kubernetes.ts';

/** What a file is verified with: a checksum, or a list of checksums. */
export type Pin =
  | { readonly kind: 'sha256'; readonly sha256: string }
  | { readonly kind: 'list'; readonly url: string };

/** The roles of Kubernetes files. */
export const FILE_ROLES = ['program', 'images'] as const;

/** A Kubernetes file of the image, and its source. */
export interface WantedFile {
  readonly role: (typeof FILE_ROLES)[number];
  /** Its name in the image. */
  readonly name: string;
  readonly source:
    | { readonly kind: 'file'; readonly path: string; readonly sha256: string | undefined }
    /** The first URL in the checksum list counts; with a checksum, there is only one. */
    | { readonly kind: 'urls'; readonly urls: readonly string[]; readonly pin: Pin };
}

/** Lists the files that a specification needs, the program first. */
export function wantedFiles(spec: KubernetesSpec, arch: string): WantedFile[] {
  const facts = DISTRIBUTION_FACTS[spec.distribution];
  // A plus is valid in a path, but some servers decode it as a space.
  const folder = `${spec.mirror ?? facts.releases}/${encodeURIComponent(spec.version)}`;
  const list: Pin = { kind: 'list', url: `${folder}/${facts.checksums(arch)}` };
  const pinned = (sha256: string | undefined): Pin =>
    sha256 === undefined ? list : { kind: 'sha256', sha256 };
  const from = (source: string, sha256: string | undefined): WantedFile['source'] =>
    isUrl(source)
      ? { kind: 'urls', urls: [source], pin: pinned(sha256) }
      : { kind: 'file', path: source, sha256 };
  const program = spec.binary ?? `${folder}/${facts.program(spec.version, arch)}`;
  return [
    { role: 'program', name: spec.distribution, source: from(program, spec.sha256) },
    ...(spec.airgap
      ? [
          {
            role: 'images',
            // The same name for all versions, so that the link on the node stays valid after an upgrade.
            name: `${spec.distribution}-airgap-images-${arch}.tar${spec.distribution === 'k3s' ? '.zst' : ''}`,
            source: {
              kind: 'urls',
              urls: facts.airgap(spec.version, arch).map((name) => `${folder}/${name}`),
              pin: list,
            },
          } as const,
        ]
      : []),
    ...spec.images.map(
      ({ source, sha256 }): WantedFile => ({
        role: 'images',
        name: nameOf(source),
        source: from(source, sha256),
      }),
    ),
  ];
}

/**
 * Finds a file in a checksum list in the format of `sha256sum`: `HASH  NAME` or `HASH *NAME`, with or without directories.
 * @returns the first URL whose file name is in the list, and its checksum; `undefined` when none is
 */
export function findInList(
  list: string,
  urls: readonly string[],
): { readonly url: string; readonly sha256: string } | undefined {
  const sums = new Map(
    [...list.matchAll(/^([0-9a-f]{64}) [ *](?:.*\/)?([^/\r\n]+?)\r?$/gim)].map(([, sum = '', name = '']) => [
      name,
      sum.toLowerCase(),
    ]),
  );
  for (const url of urls) {
    const sha256 = sums.get(nameOf(url));
    if (sha256 !== undefined) return { url, sha256 };
  }
  return undefined;
}
