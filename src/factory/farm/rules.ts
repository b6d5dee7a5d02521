import { RESERVED_PREFIX, RESERVED_VOLUMES } from './schema-parts.ts';
import type { OSArtifactSpec } from './spec-fields.ts';

/** A rule about several fields: for the API server as CEL, and for us. Both say the same. */
export interface Rule {
  /** CEL over the spec. */
  readonly rule: string;
  readonly message: string;
  readonly holds: (spec: OSArtifactSpec) => boolean;
}

const CONFIGURATION = 'has(self.factory) && has(self.factory.configuration)';
const image = (path: string) => hasPath(`image.${path}`);
const artifacts = (path: string) => hasPath(`artifacts.${path}`);
const BUILT = `((${image('buildOptions')}) || (${image('ociSpec')}))`;

/** CEL: whether a field is there, and what it is in. */
function hasPath(path: string): string {
  const names = path.split('.');
  return names.map((_, index) => `has(self.${names.slice(0, index + 1).join('.')})`).join(' && ');
}

const one = (condition: string) => `(${condition} ? 1 : 0)`;
const isBuilt = ({ image }: OSArtifactSpec) =>
  image?.buildOptions !== undefined || image?.ociSpec !== undefined;
const isConfigured = ({ factory }: OSArtifactSpec) => factory?.configuration !== undefined;

function sources({ image, factory }: OSArtifactSpec): number {
  const all = [image?.ref, image?.buildOptions, image?.ociSpec, factory?.configuration];
  return all.filter((source) => source !== undefined).length;
}

const usesUki = ({ artifacts }: OSArtifactSpec) =>
  artifacts?.uki !== undefined && (artifacts.uki.iso || artifacts.uki.container || artifacts.uki.efi);
const UKI = `${artifacts('uki')} && (self.artifacts.uki.iso || self.artifacts.uki.container || self.artifacts.uki.efi)`;
const OUTPUT = ['iso', 'cloudImage', 'azureImage', 'gceImage', 'netboot'] as const;

function declared(path: string, nameOf: (spec: OSArtifactSpec) => string | undefined): Rule {
  return {
    rule: `!(${hasPath(path)}) || (has(self.volumes) && self.volumes.exists(v, v.name == self.${path}))`,
    message: `${path} names a volume that volumes does not declare`,
    holds: (spec) => {
      const name = nameOf(spec);
      return name === undefined || (spec.volumes ?? []).some((volume) => volume.name === name);
    },
  };
}

/** A field of `image` that only a build uses. */
function ofBuild(field: 'buildImage'): Rule {
  return {
    rule: `!(${image(field)}) || ${BUILT}`,
    message: `image.${field} needs image.buildOptions or image.ociSpec`,
    holds: (spec) => spec.image?.[field] === undefined || isBuilt(spec),
  };
}

/** All rules about several fields. */
export const RULES: readonly Rule[] = [
  {
    rule: `${[image('ref'), image('buildOptions'), image('ociSpec'), CONFIGURATION].map(one).join(' + ')} == 1`,
    message:
      'exactly one of image.ref, image.buildOptions, image.ociSpec and factory.configuration is required',
    holds: (spec) => sources(spec) === 1,
  },
  {
    rule: `!${BUILT} || (${image('buildImage')})`,
    message: 'image.buildImage is required for a build, with registry, repository and tag',
    holds: (spec) => !isBuilt(spec) || spec.image?.buildImage !== undefined,
  },
  ofBuild('buildImage'),
  {
    rule: `!(${image('push')} && self.image.push) || (${image('buildImage')})`,
    message: 'image.push needs image.buildImage',
    holds: ({ image }) => !image?.push || image.buildImage !== undefined,
  },
  {
    rule: `!(${image('pushInsecureRegistry')} && self.image.pushInsecureRegistry) || self.image.push`,
    message: 'image.pushInsecureRegistry needs image.push',
    holds: ({ image }) => !image?.pushInsecureRegistry || image.push,
  },
  {
    rule: `!(${image('buildOptions')}) || has(self.image.buildOptions.kubernetesDistro) == has(self.image.buildOptions.kubernetesVersion)`,
    message: 'image.buildOptions.kubernetesDistro and kubernetesVersion need each other',
    holds: ({ image }) =>
      (image?.buildOptions?.kubernetesDistro === undefined) ===
      (image?.buildOptions?.kubernetesVersion === undefined),
  },
  {
    rule: `!(${image('ref')}) || has(self.artifacts)`,
    message: 'artifacts is required for image.ref: nothing is made without it',
    holds: ({ image, artifacts }) => image?.ref === undefined || artifacts !== undefined,
  },
  {
    rule: `!has(self.artifacts) || self.artifacts.iso || self.artifacts.cloudImage || self.artifacts.azureImage || self.artifacts.gceImage || self.artifacts.netboot || (${UKI}) || (${CONFIGURATION})`,
    message: 'artifacts needs at least one output: iso, cloudImage, azureImage, gceImage or netboot',
    holds: (spec) =>
      spec.artifacts === undefined ||
      OUTPUT.some((kind) => spec.artifacts?.[kind]) ||
      usesUki(spec) ||
      isConfigured(spec),
  },
  {
    rule: `has(self.artifacts) || (${image('push')} && self.image.push) || (${CONFIGURATION})`,
    message: 'at least one output is required: artifacts, or image.push',
    holds: (spec) => spec.artifacts !== undefined || spec.image?.push === true || isConfigured(spec),
  },
  {
    rule: `!(${UKI}) || has(self.artifacts.uki.keysVolume)`,
    message: 'artifacts.uki.keysVolume is required for artifacts.uki',
    holds: (spec) => !usesUki(spec) || spec.artifacts?.uki?.keysVolume !== undefined,
  },
  {
    rule: `!(has(self.volume) && (${artifacts('volume')}))`,
    message: 'volume and artifacts.volume exclude each other',
    holds: ({ volume, artifacts }) => volume === undefined || artifacts?.volume === undefined,
  },
  {
    rule: `!has(self.volumes) || self.volumes.all(v, !(v.name in [${RESERVED_VOLUMES.map((name) => `'${name}'`).join(', ')}]) && !v.name.startsWith('${RESERVED_PREFIX}'))`,
    message: `volumes has a reserved name: ${RESERVED_VOLUMES.join(', ')} and ${RESERVED_PREFIX}… are`,
    holds: ({ volumes = [] }) => volumes.every(({ name }) => !isReserved(name)),
  },
  {
    rule: `!(${hasPath('factory.targets')}) || (${CONFIGURATION})`,
    message: 'factory.targets needs factory.configuration',
    holds: (spec) => spec.factory?.targets === undefined || isConfigured(spec),
  },
  declared('artifacts.overlayISOVolume', ({ artifacts }) => artifacts?.overlayISOVolume),
  declared('artifacts.overlayRootfsVolume', ({ artifacts }) => artifacts?.overlayRootfsVolume),
  declared('artifacts.uki.keysVolume', ({ artifacts }) => artifacts?.uki?.keysVolume),
  declared('image.caCertificatesVolume', ({ image }) => image?.caCertificatesVolume),
  declared('image.ociSpec.buildContextVolume', ({ image }) => image?.ociSpec?.buildContextVolume),
];

/** Whether a name of a volume is one that builds have themselves. */
export function isReserved(name: string): boolean {
  return (RESERVED_VOLUMES as readonly string[]).includes(name) || name.startsWith(RESERVED_PREFIX);
}
