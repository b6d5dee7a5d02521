import { STATEMENT_TYPE } from '../../../common/trust/statement-type.ts';

/** A resource with its digest (in-toto, ResourceDescriptor v1). */
export interface Resource {
  readonly name?: string;
  readonly uri?: string;
  /** Digests by algorithm, in hex. */
  readonly digest?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** The inputs and outputs of a build. */
export interface ProvenanceFacts {
  readonly subjects: readonly Resource[];
  /** Parameters that the user set. */
  readonly external: unknown;
  /** Parameters that the program chose. */
  readonly internal: unknown;
  readonly dependencies: readonly Resource[];
  /** URI of the builder. */
  readonly builder: string;
  /** Versions of programs by name. */
  readonly versions: Readonly<Record<string, string>>;
}

const PREDICATE = 'https://slsa.dev/provenance/v1';
/** docs/sbom.md documents the parameters. */
const BUILD_TYPE = 'urn:kairos-factory:build:v1';
/** The builder of a local build, on a machine that nobody vouches for. */
export const LOCAL_BUILDER = 'urn:kairos-factory:builder:local';

/**
 * Renders the provenance of a build (SLSA v1.0, in an in-toto Statement v1). It omits `metadata`, which SLSA makes
 * optional, and therefore does not record when, where and by whom the build was run. Two builds of the same inputs have
 * the same statement, which can be checked by building again. The signature records who vouches for it, and when.
 */
export function provenanceStatement(facts: ProvenanceFacts): object {
  const { subjects, external, internal, dependencies, builder, versions } = facts;
  return {
    _type: STATEMENT_TYPE,
    subject: [...subjects].sort(byName),
    predicateType: PREDICATE,
    predicate: {
      buildDefinition: {
        buildType: BUILD_TYPE,
        externalParameters: external,
        internalParameters: internal,
        resolvedDependencies: [...dependencies].sort(byName),
      },
      runDetails: {
        builder: {
          id: builder,
          version: Object.fromEntries(Object.entries(versions).sort(([a], [b]) => (a < b ? -1 : 1))),
        },
      },
    },
  };
}

function byName(a: Resource, b: Resource): number {
  const key = ({ name = '', uri = '' }: Resource) => `${name}\0${uri}`;
  if (key(a) === key(b)) return 0;
  return key(a) < key(b) ? -1 : 1;
}
