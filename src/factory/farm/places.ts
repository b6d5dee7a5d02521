/** Where the containers of a build see things. */
export const PLACE = {
  /** The volume of the artifacts. */
  artifacts: '/artifacts',
  /** Results of steps, and the store of images. */
  cache: '/cache',
  /** What {@link file://./prepare-build.ts} writes. */
  work: '/farm/work',
  /** The plan, and the configuration without what only the pod knows. */
  plan: '/farm/plan',
  containerfile: '/farm/ocispec',
  values: '/farm/values',
  cloudConfig: '/farm/cloud-config',
  credentials: '/farm/credentials',
  signing: '/farm/signing',
  builder: '/farm/builder',
  configuration: '/farm/configuration',
  /** Volumes of the spec, by name. */
  volumes: '/farm/volumes',
} as const;

/** Files below those. */
export const FILE = {
  plan: `${PLACE.plan}/plan.json`,
  configuration: `${PLACE.work}/kairos-factory.yaml`,
  containerfile: `${PLACE.work}/Containerfile`,
  authorities: `${PLACE.work}/authorities.pem`,
  lock: `${PLACE.work}/kairos-factory.lock`,
  ownConfiguration: `${PLACE.configuration}/kairos-factory.yaml`,
  template: `${PLACE.containerfile}/Containerfile`,
  cloudConfig: `${PLACE.cloudConfig}/cloud-config.yaml`,
} as const;

/** Where a volume of the spec is. */
export function volumePlace(name: string): string {
  return `${PLACE.volumes}/${name}`;
}
