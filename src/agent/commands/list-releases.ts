import { Command, Option } from '@commander-js/extra-typings';
import { stringify } from 'yaml';
import { identityFrom } from '../../common/contract/kairos-release.ts';
import { NODE_PATH } from '../../common/contract/node-paths.ts';
import { parseOsRelease } from '../../common/contract/os-release.ts';
import { FactoryError } from '../../common/errors/factory-error.ts';
import type { Host } from '../../common/host/host.ts';
import {
  compareReleases,
  isPreRelease,
  parseReleaseTag,
  type Release,
  type ReleaseIdentity,
} from '../../common/oci/layers/release-tags.ts';
import { formatImageReference, parseImageReference } from '../../common/oci/registry/image-reference.ts';
import { openRegistry } from '../../common/oci/registry/registry.ts';
import type { AgentCommand } from './agent-command.ts';

const RELEASE_FILE = NODE_PATH.release;
/** Where upstream publishes its images. */
const REGISTRY = 'quay.io/kairos';

/** Selects the releases to list. */
export interface ListReleasesOptions {
  /** Registry and path of the images, without the flavor: `quay.io/kairos`. */
  readonly registry?: string;
  /** Include pre-releases. */
  readonly pre?: boolean;
  /** Include releases that are not newer than this node. */
  readonly all?: boolean;
  readonly insecure?: boolean;
}

/** A release and its image reference. */
export interface ListedRelease extends Release {
  readonly image: string;
}

/**
 * Lists the releases in a registry that this node can upgrade to, newest first (docs/contract.md 6.10).
 * @throws FactoryError `step` when the registry cannot be read, `usage` when the node's release file is incomplete
 */
export async function listReleases(
  host: Host,
  { registry = REGISTRY, pre = false, all = false, insecure = false }: ListReleasesOptions = {},
): Promise<ListedRelease[]> {
  const node = await readIdentity(host);
  const reference = parseImageReference(`${registry.replace(/\/+$/, '')}/${node.flavor}`);
  const tags = await openRegistry(host, reference, { insecure }).listTags();
  return tags
    .flatMap((tag) => parseReleaseTag(tag, node) ?? [])
    .filter(({ version }) => pre || !isPreRelease(version))
    .filter((release) => all || compareReleases(release, node) > 0)
    .sort((left, right) => compareReleases(right, left))
    .map((release) => ({ ...release, image: formatImageReference({ ...reference, tag: release.tag }) }));
}

async function readIdentity(host: Host): Promise<ReleaseIdentity> {
  const values = parseOsRelease((await host.readText(RELEASE_FILE)) ?? '');
  const missing = ['FLAVOR', 'FLAVOR_RELEASE', 'VARIANT', 'ARCH', 'MODEL', 'VERSION'].find(
    (key) => !values.get(`KAIROS_${key}`),
  );
  if (missing !== undefined) {
    throw new FactoryError('NODE_NOT_READY', `${RELEASE_FILE} does not set KAIROS_${missing}`, {
      remedy: 'Run this on a node, or list the tags in the registry.',
    });
  }
  return { ...identityFrom(values), uki: values.get('KAIROS_TRUSTED_BOOT') === 'true' };
}

/** `kairos-agent upgrade list-releases`. */
export const listReleasesCommand: AgentCommand = ({ host, out }) =>
  new Command('list-releases')
    .description('list the images in a registry that this node can upgrade to, newest first')
    .addOption(
      new Option('--output <form>', 'output format')
        .choices(['json', 'yaml', 'terminal'] as const)
        .default('terminal' as const),
    )
    .option('--pre', 'include pre-releases, such as -rc1')
    .option('--all', 'include releases that are not newer than this node')
    .option('--registry <registry>', 'registry and path of the images, without the flavor', REGISTRY)
    .option('--allow-insecure-registries', 'allow registries without TLS')
    .action(async ({ output, pre, all, registry, allowInsecureRegistries }) => {
      const releases = await listReleases(host, {
        registry,
        ...(pre ? { pre } : {}),
        ...(all ? { all } : {}),
        ...(allowInsecureRegistries ? { insecure: true } : {}),
      });
      const images = releases.map(({ image }) => image);
      if (output === 'json') return out(`${JSON.stringify(images)}\n`);
      if (output === 'yaml') return out(stringify(images));
      if (images.length === 0) return host.log('info', `${registry} has no newer release for this node`);
      return out(`${images.join('\n')}\n`);
    });
