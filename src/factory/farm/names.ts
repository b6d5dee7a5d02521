import { labelValue, shortHash } from '../kubernetes/object-names.ts';
import type { ObjectMeta, OwnerReference } from '../kubernetes/objects.ts';
import { sortedJson } from '../kubernetes/sorted-json.ts';
import { OS_ARTIFACT } from './kinds.ts';
import type { OSArtifactSpec } from './spec-fields.ts';

/** A change of this annotation builds again, such as for updates of a base whose tag is the same. */
const REBUILD = 'build.kairos.io/rebuild';

/** Labels of what belongs to an OSArtifact. */
export const LABEL = {
  /** The uid of the OSArtifact. */
  owner: 'build.kairos.io/osartifact-uid',
  name: 'build.kairos.io/osartifact',
  /** The name of the Job that a pod is of. */
  job: 'build.kairos.io/job',
  /** `build` or `export`. */
  part: 'build.kairos.io/part',
} as const;

/** Selects the Jobs of all builds, and their pods. */
export const BUILDS = `${LABEL.part}=build`;

/** The names of what is made for an OSArtifact. They are the same each time, so nothing is made twice. */
export interface FarmNames {
  readonly claim: string;
  /** Of the Job, and of the ConfigMap with what it builds. Another spec has another one. */
  readonly build: string;
  readonly exports: readonly string[];
}

/** Names what is made for an OSArtifact. Another exporter exports again, and builds nothing. */
export function farmNames(
  { name, uid = '', annotations = {} }: ObjectMeta,
  { exporters = [], ...built }: OSArtifactSpec,
): FarmNames {
  const { [REBUILD]: again = '' } = annotations;
  const build = `${part(name)}-${hashOf([uid, built, again])}`;
  return {
    ...{ claim: `${name}-artifacts`, build },
    exports: exporters.map((exporter, index) => `${part(name)}-export-${index}-${hashOf([build, exporter])}`),
  };
}

/** The labels of an object of one Job. */
export function labelsOf(
  { name, uid = '' }: ObjectMeta,
  kind: 'build' | 'export',
  job: string,
): Record<string, string> {
  return {
    ...{ 'app.kubernetes.io/managed-by': 'kairos-factory', [LABEL.owner]: uid },
    ...{ [LABEL.name]: labelValue(name), [LABEL.job]: job, [LABEL.part]: kind },
  };
}

/** Deletes an object with its OSArtifact. */
export function ownedBy({ name, uid = '' }: ObjectMeta): OwnerReference {
  const { apiVersion, kind } = OS_ARTIFACT;
  return { apiVersion, kind, name, uid, controller: true, blockOwnerDeletion: true };
}

/** The beginning of a name, which a hash follows. */
function part(name: string): string {
  return name
    .slice(0, 40)
    .replaceAll('.', '-')
    .replaceAll(/^-+|-+$/g, '');
}

function hashOf(value: unknown): string {
  return shortHash(sortedJson(value));
}
