import type { MenuEntry } from '../grub/grub-menu.ts';
import type { DocumentFacts } from './describe-document.ts';
import type { SystemFacts } from './describe-system.ts';

/** What an artifact is. docs/inspect.md explains the kinds. */
export type ArtifactType =
  | 'iso'
  | 'disk'
  | 'squashfs'
  | 'slot-image'
  | 'filesystem'
  | 'extension'
  | 'image'
  | 'root'
  | 'build-output'
  | 'release'
  | 'document'
  | 'checksums'
  | 'efi-program';

/** A filesystem, as far as its own header describes it. */
export interface FilesystemFacts {
  readonly type: string;
  readonly label?: string;
  readonly uuid?: string;
}

/** A partition of a disk or ISO. Positions and sizes are in bytes. */
export interface PartitionFacts {
  readonly number: number;
  readonly name: string;
  /** GUID of the type. */
  readonly type: string;
  readonly guid: string;
  readonly start: number;
  readonly size: number;
  /** Absent when none was recognised. */
  readonly filesystem?: FilesystemFacts;
}

/** A bootable copy of the system on a disk. */
export interface SlotFacts {
  readonly name: 'active' | 'passive' | 'recovery';
  /** Label of its partition, and the path of its image there. */
  readonly partition: string;
  readonly file: string;
  readonly size: number;
  readonly filesystem: FilesystemFacts;
  readonly system: SystemFacts;
}

/** A program for UEFI on a medium. */
export interface BootProgram {
  readonly path: string;
  /** Whether it carries a signature for Secure Boot. It was not verified. */
  readonly signed: boolean;
}

/** A signature that was found. None is verified here. */
export interface SignatureFacts {
  readonly form: 'sigstore-bundle' | 'cosign' | 'dm-verity' | 'openpgp' | 'minisign' | 'checksum';
  /** The file, tag or partition that holds it. */
  readonly place: string;
  /** How it was made, as far as it says so itself: `key` or `certificate`. */
  readonly by?: 'key' | 'certificate';
  /** The type of the document that is signed together with the digest. */
  readonly predicate?: string;
}

/** An image of containers. */
export interface ImageDetails {
  /** How it is stored. */
  readonly storage: 'registry' | 'docker-daemon' | 'oci-layout' | 'archive';
  readonly digest: string;
  readonly indexDigest?: string;
  readonly platform?: string;
  /** Bytes of each layer as it is stored, lowest first. */
  readonly layers: readonly number[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The report of `inspect`, and the JSON that it prints (docs/inspect.md). Members are absent where they do not apply. */
export interface Inspection {
  readonly schema: 1;
  /** As it was given. */
  readonly subject: string;
  readonly type: ArtifactType;
  /** How the content is stored: `raw`, `qcow2`, `tar`, … */
  readonly format?: string;
  /** Bytes of the file, or of the layers of an image as they are stored. */
  readonly size?: number;
  /** Bytes of the disk that a file represents. */
  readonly virtualSize?: number;
  readonly filesystem?: FilesystemFacts;
  /** GUID of the disk. */
  readonly diskGuid?: string;
  readonly partitions?: readonly PartitionFacts[];
  /** Firmware that an ISO boots from as a CD. */
  readonly boots?: readonly string[];
  readonly bootPrograms?: readonly BootProgram[];
  readonly menu?: readonly MenuEntry[];
  readonly system?: SystemFacts;
  readonly slots?: readonly SlotFacts[];
  /** Cloud-configs on the medium: their paths, not their content. */
  readonly configs?: readonly string[];
  readonly image?: ImageDetails;
  /** Keys of the extension-release file. */
  readonly extension?: Readonly<Record<string, string>>;
  readonly document?: DocumentFacts;
  /** SBOMs, provenance and test results that belong to it. */
  readonly documents?: readonly (DocumentFacts & { readonly file: string })[];
  readonly signatures: readonly SignatureFacts[];
  /** Of a folder: its artifacts. */
  readonly members?: readonly MemberFacts[];
  /** What could not be read, and why. */
  readonly notes: readonly string[];
}

/** An artifact in a folder. */
export interface MemberFacts {
  readonly file: string;
  readonly kind: string;
  readonly size: number;
  /** Whether SHA256SUMS lists it. */
  readonly listed: boolean;
  readonly signed: boolean;
}
