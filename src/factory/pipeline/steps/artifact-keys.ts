import { z } from 'zod';
import type { ArtifactKind } from '../../config/schema.ts';
import type { StepKey } from '../step.ts';

const ArtifactFacts = z.object({
  /** Identity of the file, for a later run to recognise it. */
  identity: z.string(),
});

/** An artifact in the output directory. */
export function artifactKey(kind: ArtifactKind): StepKey<z.output<typeof ArtifactFacts>> {
  return { id: `artifact:${kind}`, facts: ArtifactFacts };
}

const ChecksumFacts = z.object({
  /** Absolute path of the hashed file: the artifact, or the index of an image layout. */
  file: z.string(),
  sha256: z.string(),
  /** Size in bytes. */
  size: z.number(),
});

/** The checksum of an artifact. */
export function checksumKey(kind: ArtifactKind): StepKey<z.output<typeof ChecksumFacts>> {
  return { id: `checksum:${kind}`, facts: ChecksumFacts };
}
