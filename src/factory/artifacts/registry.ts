import type { ArtifactKind } from '../config/schema.ts';
import type { Artifact } from './artifact.ts';
import { iso } from './iso.ts';
import { oci } from './oci.ts';
import { qcow2 } from './qcow2.ts';
import { raw } from './raw.ts';
import { squashfs } from './squashfs.ts';

/** Every artifact by its kind. A new one is a file beside this one and a line here. */
export const ARTIFACTS: Readonly<Record<ArtifactKind, Artifact>> = { oci, squashfs, iso, raw, qcow2 };
