/** Every kind of artifact, in the order in which they are reported. */
export const ARTIFACT_KINDS = [
  'oci',
  'squashfs',
  'iso',
  'raw',
  'qcow2',
  'vhd',
  'gce',
  'vmdk',
  'ova',
  'netboot',
] as const;
export type ArtifactKind = (typeof ARTIFACT_KINDS)[number];

/** The kinds that a build makes without being asked: the others are copies, or need more in the image. */
export const DEFAULT_KINDS: readonly ArtifactKind[] = ['oci', 'squashfs', 'iso', 'raw', 'qcow2'];

/** Kinds that can be pushed with the image, each as a file that refers to it. */
export const FILE_KINDS = ARTIFACT_KINDS.filter((kind) => kind !== 'oci');
