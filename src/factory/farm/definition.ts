import { customResourceDefinition } from '../kubernetes/custom-resource-definition.ts';
import type { KubeObject } from '../kubernetes/objects.ts';
import { OS_ARTIFACT } from './kinds.ts';
import { OSArtifactSchema } from './schema.ts';
import { OSArtifactStatus } from './status.ts';

/** The manifests of the kinds of this room. */
export function farmDefinitions(): readonly KubeObject[] {
  return [
    customResourceDefinition({
      kind: OS_ARTIFACT,
      description: 'Builds an OS image, and what is installed from it.',
      spec: OSArtifactSchema,
      status: OSArtifactStatus,
      columns: [
        { name: 'Phase', type: 'string', jsonPath: '.status.phase' },
        { name: 'Message', type: 'string', jsonPath: '.status.message' },
        { name: 'Age', type: 'date', jsonPath: '.metadata.creationTimestamp' },
      ],
    }),
  ];
}
