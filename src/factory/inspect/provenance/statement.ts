/** A thing by its digest (in-toto, ResourceDescriptor v1). */
export interface Resource {
  readonly name?: string;
  readonly uri?: string;
  /** By algorithm, in hex. */
  readonly digest?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}

/** What a build was made from, and what it made. */
export interface ProvenanceFacts {
  readonly subjects: readonly Resource[];
  /** What the person asked for. */
  readonly external: unknown;
  /** What the program decided by itself. */
  readonly internal: unknown;
  readonly dependencies: readonly Resource[];
  /** URI of the builder. */
  readonly builder: string;
  /** Versions of programs by name. */
  readonly versions: Readonly<Record<string, string>>;
}

const STATEMENT = 'https://in-toto.io/Statement/v1';
const PREDICATE = 'https://slsa.dev/provenance/v1';
/** How to read the parameters: docs/sbom.md. */
const BUILD_TYPE = 'urn:kairos-factory:build:v1';
/** A build on a machine that nobody vouches for. */
export const LOCAL_BUILDER = 'urn:kairos-factory:builder:local';

/**
 * The provenance of a build (SLSA v1.0, in an in-toto Statement v1). It says nothing of when, where and by whom the build was
 * run: `metadata`, which SLSA leaves optional, is absent. So two builds of the same inputs have the same statement, and
 * it can be checked by building again. Who signs it says who vouches for it, and when.
 */
export function provenanceStatement(facts: ProvenanceFacts): object {
  const { subjects, external, internal, dependencies, builder, versions } = facts;
  return {
    _type: STATEMENT,
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
