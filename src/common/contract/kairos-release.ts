/**
 * The fields of `/etc/kairos-release` (docs/contract.md 6.8) that names are made from.
 */
export interface ImageIdentity {
  readonly flavor: string;
  readonly flavorRelease: string;
  readonly family: string;
  readonly variant: string;
  /** `amd64`, `arm64`, … */
  readonly arch: string;
  readonly model: string;
  /** With the leading `v`. */
  readonly version: string;
  /** For the variant `standard`: the Kubernetes distribution and its version. */
  readonly software?: { readonly prefix: string; readonly version: string };
}

const HOME_URL = 'https://kairos.io';

/**
 * Renders `/etc/kairos-release`. Every value is quoted, because other tools expect the quotes (docs/contract.md 6.8).
 * @param tool name and version of the tool that made the image
 */
export function renderKairosRelease(identity: ImageIdentity, tool: string): string {
  const name = `kairos-${identity.variant}-${identity.flavor}-${identity.flavorRelease}`;
  const entries: readonly (readonly [string, string])[] = [
    ['KAIROS_ID', 'kairos'],
    ['KAIROS_ID_LIKE', name],
    ['KAIROS_NAME', name],
    ['KAIROS_VERSION', identity.version],
    ['KAIROS_RELEASE', identity.version],
    ['KAIROS_ARCH', identity.arch],
    ['KAIROS_TARGETARCH', identity.arch],
    ['KAIROS_FLAVOR', identity.flavor],
    ['KAIROS_FLAVOR_RELEASE', identity.flavorRelease],
    ['KAIROS_FAMILY', identity.family],
    ['KAIROS_MODEL', identity.model],
    ['KAIROS_VARIANT', identity.variant],
    ['KAIROS_FIPS', 'false'],
    ['KAIROS_TRUSTED_BOOT', 'false'],
    ['KAIROS_INIT_VERSION', tool],
    ['KAIROS_BUG_REPORT_URL', `${HOME_URL}/community`],
    ['KAIROS_HOME_URL', HOME_URL],
    ...(identity.software
      ? ([
          ['KAIROS_SOFTWARE_VERSION', identity.software.version],
          ['KAIROS_SOFTWARE_VERSION_PREFIX', identity.software.prefix],
        ] as const)
      : []),
  ];
  // Values from a base's os-release must not end the quotes (os-release(5), "shell special characters").
  const quoted = (value: string) => value.replaceAll(/[\r\n]/g, ' ').replaceAll(/["\\$`]/g, '\\$&');
  return entries.map(([key, value]) => `${key}="${quoted(value)}"\n`).join('');
}

/** The required keys of `/etc/kairos-release` (docs/contract.md 6.9). */
export const REQUIRED_RELEASE_KEYS = [
  'KAIROS_ID',
  'KAIROS_ID_LIKE',
  'KAIROS_NAME',
  'KAIROS_VERSION',
  'KAIROS_RELEASE',
  'KAIROS_ARCH',
  'KAIROS_TARGETARCH',
  'KAIROS_FLAVOR',
  'KAIROS_FLAVOR_RELEASE',
  'KAIROS_FAMILY',
  'KAIROS_MODEL',
  'KAIROS_VARIANT',
  'KAIROS_FIPS',
  'KAIROS_TRUSTED_BOOT',
] as const;

/**
 * Reads the identity from the parsed file, for naming the artifacts of a finished image (docs/contract.md 6.10).
 * Missing and empty fields are `unknown`. The values are not checked: see `checkedIdentity`.
 */
export function identityFrom(release: ReadonlyMap<string, string>): ImageIdentity {
  const get = (key: string) => release.get(key) || 'unknown';
  const prefix = release.get('KAIROS_SOFTWARE_VERSION_PREFIX');
  const software = release.get('KAIROS_SOFTWARE_VERSION');
  return {
    flavor: get('KAIROS_FLAVOR'),
    flavorRelease: get('KAIROS_FLAVOR_RELEASE'),
    family: get('KAIROS_FAMILY'),
    variant: get('KAIROS_VARIANT'),
    arch: get('KAIROS_ARCH'),
    model: get('KAIROS_MODEL'),
    version: get('KAIROS_VERSION'),
    ...(prefix && software ? { software: { prefix, version: software } } : {}),
  };
}
