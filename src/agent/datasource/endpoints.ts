/** The metadata service of a cloud, at a fixed URL (docs/contract.md 4.9). */
export interface Endpoint {
  readonly name: string;
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** URL that returns the host name as plain text. */
  readonly hostname?: string;
  /** For a JSON response: the fields that contain user data and host name. */
  readonly fields?: { readonly userData: string; readonly hostname: string };
  /** URL that issues a token, which requests send in `header`. */
  readonly token?: {
    readonly url: string;
    readonly ask: Readonly<Record<string, string>>;
    readonly header: string;
  };
  /** Accepts only requests from a port below 1024. */
  readonly privileged?: boolean;
}

const LINK_LOCAL = 'http://169.254.169.254';
const GCP = 'http://metadata.google.internal/computeMetadata/v1/instance';
const AZURE = `${LINK_LOCAL}/metadata/instance/compute`;
const AZURE_QUERY = 'api-version=2021-01-01&format=text';

/** From the clouds' documentation of their metadata services. */
export const ENDPOINTS: readonly Endpoint[] = [
  {
    name: 'aws',
    url: `${LINK_LOCAL}/latest/user-data`,
    hostname: `${LINK_LOCAL}/latest/meta-data/local-hostname`,
    token: {
      url: `${LINK_LOCAL}/latest/api/token`,
      ask: { 'X-aws-ec2-metadata-token-ttl-seconds': '60' },
      header: 'X-aws-ec2-metadata-token',
    },
  },
  {
    name: 'gcp',
    url: `${GCP}/attributes/user-data`,
    hostname: `${GCP}/hostname`,
    headers: { 'Metadata-Flavor': 'Google' },
  },
  {
    name: 'azure',
    url: `${AZURE}/userData?${AZURE_QUERY}`,
    hostname: `${AZURE}/name?${AZURE_QUERY}`,
    headers: { Metadata: 'true' },
  },
  {
    name: 'openstack',
    url: `${LINK_LOCAL}/openstack/latest/user_data`,
    hostname: `${LINK_LOCAL}/latest/meta-data/hostname`,
  },
  {
    name: 'hetzner',
    url: `${LINK_LOCAL}/hetzner/v1/userdata`,
    hostname: `${LINK_LOCAL}/hetzner/v1/metadata/hostname`,
  },
  {
    name: 'packet',
    url: 'https://metadata.platformequinix.com/userdata',
    hostname: 'https://metadata.platformequinix.com/2009-04-04/meta-data/hostname',
  },
  {
    name: 'vultr',
    url: `${LINK_LOCAL}/v1.json`,
    headers: { 'Metadata-Token': 'cloudinit' },
    fields: { userData: 'user-data', hostname: 'hostname' },
  },
  {
    name: 'digitalocean',
    url: `${LINK_LOCAL}/metadata/v1/user-data`,
    hostname: `${LINK_LOCAL}/metadata/v1/hostname`,
  },
  { name: 'scaleway', url: 'http://169.254.42.42/user_data/cloud-init', privileged: true },
  { name: 'metaldata', url: 'http://metaldata/get/user', hostname: 'http://metaldata/get/meta/hostname' },
];
