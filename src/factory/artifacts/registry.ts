import type { ArtifactKind } from '../config/schema.ts';
import type { Artifact } from './artifact.ts';
import { iso } from './iso.ts';
import { oci } from './oci.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { squashfs } from './squashfs.ts';

/** Every artifact by kind. To add one, write a module next to this one and add it here. */
export const ARTIFACTS: Readonly<Record<ArtifactKind, Artifact>> = { oci, squashfs, iso, raw, qcow2 };
