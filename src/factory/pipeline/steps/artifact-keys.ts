import { z } from 'zod';
import type { ArtifactKind } from '../../config/artifact-kinds.ts';
import type { StepKey } from '../step.ts';

const ArtifactFacts = z.object({
  /** Identity of the file, for a later run to recognise it. */
  identity: z.string(),
  /** The sha256 of the file in hex, if it was hashed while it was written. */
  sha256: z.string().optional(),
});

/** An artifact in the output directory. */
export function artifactKey(kind: ArtifactKind): StepKey<z.output<typeof ArtifactFacts>> {
  return { id: `artifact:${kind}`, facts: ArtifactFacts };
}

const HashedFile = z.object({
  /** Absolute path. */
  file: z.string(),
  sha256: z.string(),
  /** Size in bytes. */
  size: z.number(),
});
/** The artifact, or the index of an image layout, and its further files. Facts are not changed by their schema: no defaults. */
const ChecksumFacts = HashedFile.extend({ companions: z.array(HashedFile).optional() });

/** The checksum of an artifact. */
export function checksumKey(kind: ArtifactKind): StepKey<z.output<typeof ChecksumFacts>> {
  return { id: `checksum:${kind}`, facts: ChecksumFacts };
}
