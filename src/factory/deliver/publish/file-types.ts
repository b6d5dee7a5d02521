/** How a file of a release folder is stored in a registry. */
export interface FileType {
  /** File name or file name ending. */
  readonly ending: string;
  /** Media type of the artifact, and of its layer if the file is not compressed. */
  readonly mediaType: string;
  /** The kind that users select by; a file without a kind is always pushed. */
  readonly kind?: string;
  /** Another kind that is of no use without this file. */
  readonly neededBy?: string;
  /** Whether the file is sparse and pushed compressed, with `.zst` appended to its name and `+zstd` to its layer's type. */
  readonly isSparse?: true;
}

/**
 * Media types of files: from IANA's registry ("Media Types"), else from shared-mime-info, else defined here.
 */
const FILE_TYPES: readonly FileType[] = [
  { ending: '.iso', mediaType: 'application/vnd.efi.iso', kind: 'iso' },
  { ending: '.raw', mediaType: 'application/vnd.efi.img', kind: 'raw', isSparse: true },
  { ending: '.qcow2', mediaType: 'application/x-qemu-disk', kind: 'qcow2' },
  { ending: '.vhd', mediaType: 'application/x-vhd-disk', kind: 'vhd', isSparse: true },
  { ending: '.gce.tar.gz', mediaType: 'application/gzip', kind: 'gce' },
  { ending: '.vmdk', mediaType: 'application/x-vmdk-disk', kind: 'vmdk' },
  { ending: '.ova', mediaType: 'application/ovf', kind: 'ova' },
  { ending: '.squashfs', mediaType: 'application/vnd.squashfs', kind: 'squashfs', neededBy: 'netboot' },
  { ending: '.ipxe', mediaType: 'application/vnd.kairos-factory.ipxe', kind: 'netboot' },
  { ending: '-kernel', mediaType: 'application/vnd.kairos-factory.kernel', kind: 'netboot' },
  { ending: '-initrd', mediaType: 'application/vnd.kairos-factory.initrd', kind: 'netboot' },
  { ending: '-config.yaml', mediaType: 'text/cloud-config', kind: 'netboot' },
  { ending: '.spdx.json', mediaType: 'application/spdx+json' },
  { ending: '.cdx.json', mediaType: 'application/vnd.cyclonedx+json' },
  { ending: '.provenance.json', mediaType: 'application/vnd.in-toto+json' },
  { ending: '.test-result.json', mediaType: 'application/vnd.in-toto+json' },
  { ending: 'SHA256SUMS', mediaType: 'application/vnd.kairos-factory.checksums' },
  { ending: 'manifest.json', mediaType: 'application/vnd.kairos-factory.manifest+json' },
];
const OTHER: FileType = { ending: '', mediaType: 'application/octet-stream' };

/** Media type of a file's signature. Never the type of an artifact: that would make it a signature of the image. */
export const SIGNATURE_TYPE = 'application/vnd.dev.sigstore.bundle.v0.3+json';

/** Returns the type of a file by its name. */
export function fileType(name: string): FileType {
  return FILE_TYPES.find(({ ending }) => name.endsWith(ending)) ?? OTHER;
}
