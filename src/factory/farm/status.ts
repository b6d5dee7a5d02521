import { z } from 'zod';
import { Condition } from '../kubernetes/condition.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { ReportedArtifact } from './build-report.ts';

/** Where an OSArtifact is. */
export const PHASES = ['Pending', 'Building', 'Exporting', 'Ready', 'Error'] as const;
export type Phase = (typeof PHASES)[number];

/** The status of an OSArtifact. */
export const OSArtifactStatus = z.strictObject({
  phase: z.enum(PHASES).optional().meta({ description: 'Where the build is.' }),
  message: z.string().optional().meta({ description: 'What it does, waits for, or failed with.' }),
  observedGeneration: z.int().optional().meta({ description: 'Generation of the spec that this is about.' }),
  build: z.string().optional().meta({ description: 'Name of the Job of the build.' }),
  image: z
    .strictObject({
      reference: z.string().optional().meta({ description: 'Where the image was pushed.' }),
      digest: z.string().optional(),
    })
    .optional()
    .meta({ description: 'The OS image.' }),
  artifacts: z.array(ReportedArtifact).optional().meta({
    description: 'Files on the volume of the artifacts.',
  }),
  omitted: z.int().optional().meta({
    description: 'How many more files there are: manifest.json on the volume lists all.',
  }),
  conditions: z.array(Condition).optional(),
});
export type OSArtifactStatus = z.output<typeof OSArtifactStatus>;

/** A build: an OS image and its artifacts. */
export interface OSArtifact extends KubeObject {
  readonly spec?: unknown;
  readonly status?: OSArtifactStatus;
}
