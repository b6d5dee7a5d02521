/** What a file of a release folder is in a registry. */
export interface FileType {
  /** Ending of its name, or the whole name. */
  readonly ending: string;
  /** Of the artifact, by which it is found, and of its layer where that is the file as it is. */
  readonly mediaType: string;
  /** Name of the kind where people choose by it; what has none comes with every choice. */
  readonly kind?: string;
  /** Whether it is mostly empty, and goes compressed: with `.zst` at the end of name and `+zstd` of the layer's type. */
  readonly isSparse?: true;
}

/**
 * Media types of files: registered ones where there are (IANA, "Media Types"), else those that shared-mime-info gives such
 * files, else our own.
 */
const FILE_TYPES: readonly FileType[] = [
  { ending: '.iso', mediaType: 'application/vnd.efi.iso', kind: 'iso' },
  { ending: '.raw', mediaType: 'application/vnd.efi.img', kind: 'raw', isSparse: true },
  { ending: '.qcow2', mediaType: 'application/x-qemu-disk', kind: 'qcow2' },
  { ending: '.squashfs', mediaType: 'application/vnd.squashfs', kind: 'squashfs' },
  { ending: '.spdx.json', mediaType: 'application/spdx+json' },
  { ending: '.cdx.json', mediaType: 'application/vnd.cyclonedx+json' },
  { ending: '.provenance.json', mediaType: 'application/vnd.in-toto+json' },
  { ending: 'SHA256SUMS', mediaType: 'application/vnd.kairos-factory.checksums' },
  { ending: 'manifest.json', mediaType: 'application/vnd.kairos-factory.manifest+json' },
];
const OTHER: FileType = { ending: '', mediaType: 'application/octet-stream' };

/** Of the signature that lies beside a file. Never of an artifact: there it would count as a signature of the image. */
export const SIGNATURE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** What a file is, by its name. */
export function fileType(name: string): FileType {
  return FILE_TYPES.find(({ ending }) => name.endsWith(ending)) ?? OTHER;
}
