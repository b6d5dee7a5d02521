/** Architectures by their Go names, as images use them. */
export const EXTENSION_ARCHES = ['amd64', 'arm64'] as const;
export type ExtensionArch = (typeof EXTENSION_ARCHES)[number];

/** Identifiers in the disk image of an extension for one architecture. */
export interface ArchitectureFacts {
  /** As in `ARCHITECTURE=` of os-release(5), and in the names of partitions. */
  readonly name: string;
  /** GPT types of a root filesystem, its dm-verity hashes and their signature (Discoverable Partitions Specification). */
  readonly root: string;
  readonly verity: string;
  readonly signature: string;
}

/** Checked against what `systemd-id128 show` of systemd 252 prints. */
export const ARCHITECTURE_FACTS: Readonly<Record<ExtensionArch, ArchitectureFacts>> = {
  amd64: {
    name: 'x86-64',
    root: '4f68bce3-e8cd-4db1-96e7-fbcaf984b709',
    verity: '2c7357ed-ebd2-46d9-aec1-23d437ec2bf5',
    signature: '41092b05-9fc8-4523-994f-2def0408b176',
  },
  arm64: {
    name: 'arm64',
    root: 'b921b045-1df0-41c3-af44-4c6f280d3fae',
    verity: 'df3300ce-d69f-4c92-978c-9bfb0f38d820',
    signature: '6db69de6-29f4-4758-a7a5-962190f00ce3',
  },
};
