import type { ArtifactKind } from '../config/artifact-kinds.ts';
import type { Artifact } from './artifact.ts';
import { gce } from './gce.ts';
import { iso } from './iso.ts';
import { netboot } from './netboot.ts';
import { oci } from './oci.ts';
import { ova } from './ova.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { squashfs } from './squashfs.ts';
import { vhd } from './vhd.ts';
import { vmdk } from './vmdk.ts';

/** Every artifact by kind. To add one, write a module next to this one and add it here. */
export const ARTIFACTS: Readonly<Record<ArtifactKind, Artifact>> = {
  oci,
  squashfs,
  iso,
  raw,
  qcow2,
  vhd,
  gce,
  vmdk,
  ova,
  netboot,
};
