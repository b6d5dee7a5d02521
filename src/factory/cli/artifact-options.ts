import { existsSync } from 'node:fs';
import { Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { ARTIFACT_KINDS } from '../config/artifact-kinds.ts';
import { ENGINES } from '../config/engines.ts';
import { SEVERITIES } from '../config/fail-on.ts';
import { COMPRESSIONS, OCI_COMPRESSIONS } from '../config/schema.ts';
import { GROUPS } from './option-groups.ts';

/** The default configuration file. */
const DEFAULT_FILE = 'kairos-factory.yaml';

/** Parser of a repeatable option: splits `a,b` and collects the values. */
export function gather(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(',').filter(Boolean)];
}

function gatherWhole(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Options that several commands share. Their values are validated by the schema. */
export const ARTIFACT_OPTIONS = {
  artifact: new Option('--artifact <kinds>', `artifacts to make: ${ARTIFACT_KINDS.join(', ')}`)
    .argParser(gather)
    .helpGroup(GROUPS.artifacts),
  cloudConfig: new Option(
    '--cloud-config <file>',
    'configuration to embed in the ISO and the disk images',
  ).helpGroup(GROUPS.content),
  overlayRootfs: new Option('--overlay-rootfs <dir>', 'directory to copy over the root filesystem').helpGroup(
    GROUPS.content,
  ),
  overlayIso: new Option('--overlay-iso <dir>', 'directory to copy over the ISO').helpGroup(GROUPS.content),
  compression: new Option(
    '--compression <level>',
    `compression of the squashfs: ${COMPRESSIONS.join(', ')}`,
  ).helpGroup(GROUPS.artifacts),
  ociCompression: new Option(
    '--oci-compression <format>',
    `compression of the layer of the OCI artifact: ${OCI_COMPRESSIONS.join(', ')}`,
  ).helpGroup(GROUPS.artifacts),
  engine: new Option(
    '--engine <name>',
    `program that builds and stores container images: ${ENGINES.join(', ')}`,
  ).helpGroup(GROUPS.run),
  builder: new Option(
    '--builder <address>',
    'BuildKit daemon of the engine buildkit: [ARCH=]tcp://…, unix://…, docker-container://… or kube-pod://…; repeatable (default: BUILDKIT_HOST)',
  )
    .argParser(gatherWhole)
    .helpGroup(GROUPS.run),
  builderTls: new Option(
    '--builder-tls <dir>',
    'directory with ca.pem, cert.pem and key.pem for BuildKit daemons at tcp://',
  ).helpGroup(GROUPS.run),
  cacheTo: new Option(
    '--cache-to <cache>',
    'with the engine buildkit, store the layers of builds in a registry: type=registry,ref=REGISTRY/NAME:TAG[,mode=max]; repeatable',
  )
    .argParser(gatherWhole)
    .helpGroup(GROUPS.run),
  cacheFrom: new Option(
    '--cache-from <cache>',
    'with the engine buildkit, take layers from a registry: type=registry,ref=REGISTRY/NAME:TAG; repeatable',
  )
    .argParser(gatherWhole)
    .helpGroup(GROUPS.run),
  failOn: new Option(
    '--fail-on <severity>',
    `refuse known vulnerabilities of at least this severity, using grype: ${SEVERITIES.join(', ')}; with ",unless-missing", only where grype is installed`,
  ).helpGroup(GROUPS.trust),
  output: new Option('--output <dir>', 'output directory (default: build)').helpGroup(GROUPS.artifacts),
  config: new Option(
    '--config <file>',
    `configuration file (default: ${DEFAULT_FILE}, if it exists)`,
  ).helpGroup(GROUPS.configuration),
  set: new Option('--set <key=value>', 'set a configuration key; repeatable')
    .argParser(gatherWhole)
    .helpGroup(GROUPS.configuration),
  plan: new Option('--plan', 'print the plan without running it').helpGroup(GROUPS.run),
  json: new Option('--json', 'print the report as JSON on stdout').helpGroup(GROUPS.general),
  lockFile: new Option(
    '--lock-file <file>',
    'file with the digests of image references (default: kairos-factory.lock)',
  ).helpGroup(GROUPS.configuration),
  locked: new Option('--locked', 'refuse images that are not in the lock file').helpGroup(
    GROUPS.configuration,
  ),
  offline: new Option('--offline', 'fetch nothing, use the cache only').helpGroup(GROUPS.run),
  push: new Option(
    '--push <ref>',
    'push the finished image to REGISTRY/NAME[:TAG] (see push --help)',
  ).helpGroup(GROUPS.publish),
  noPush: new Option('--no-push', 'do not push, even if configured').helpGroup(GROUPS.publish),
  allowHostHooks: new Option(
    '--allow-host-hooks',
    'run the hooks of the configuration that run on this machine',
  ).helpGroup(GROUPS.run),
  summary: new Option(
    '--summary <file>',
    'append a table of the artifacts to this file, in Markdown, as services for CI show it',
  ).helpGroup(GROUPS.run),
  noCache: new Option('--no-cache', 'do not use results of earlier builds').helpGroup(GROUPS.run),
};

/** The configuration file to read: the given one, or the default if it exists. */
export function configurationFile(given: string | undefined): { file?: string } {
  if (given !== undefined) return { file: given };
  return existsSync(DEFAULT_FILE) ? { file: DEFAULT_FILE } : {};
}

/** The values of the shared options, as parsed by commander. */
interface ArtifactOptions {
  readonly artifact?: string[] | undefined;
  readonly cloudConfig?: string | undefined;
  readonly overlayRootfs?: string | undefined;
  readonly overlayIso?: string | undefined;
  readonly compression?: string | undefined;
  readonly ociCompression?: string | undefined;
  readonly engine?: string | undefined;
  readonly output?: string | undefined;
  readonly lockFile?: string | undefined;
  readonly failOn?: string | undefined;
}

/** The values of the shared options by configuration key. @throws FactoryError `usage` when `--artifact` is empty */
export function artifactFlags(options: ArtifactOptions): Record<string, unknown> {
  if (options.artifact?.length === 0) throw new FactoryError('OPTION_INVALID', '--artifact is empty');
  return {
    artifacts: options.artifact,
    'cloud-config': options.cloudConfig,
    'overlay-rootfs': options.overlayRootfs,
    'overlay-iso': options.overlayIso,
    compression: options.compression,
    'oci-compression': options.ociCompression,
    engine: options.engine,
    output: options.output,
    'lock-file': options.lockFile,
    'fail-on': options.failOn,
  };
}

/** How to run targets and present the result. */
export interface RunOptions {
  /** Print the plan without running it. */
  readonly plan: boolean;
  readonly json: boolean;
  readonly useCache: boolean;
  readonly locked: boolean;
  readonly offline: boolean;
  /** Whether the other targets continue after a failure. */
  readonly continueOnError: boolean;
  /** Whether the plan is printed as a diagram. */
  readonly mermaid?: boolean | undefined;
  /** Whether a shell opens in the root of a build that failed. */
  readonly shellOnFailure?: boolean | undefined;
  /** File that gets a table of the artifacts. */
  readonly summary?: string | undefined;
}

/** Converts the shared options to {@link RunOptions}. */
export function runOptions(options: {
  plan?: true | undefined;
  json?: true | undefined;
  locked?: true | undefined;
  offline?: true | undefined;
  cache: boolean;
  continueOnError?: true | undefined;
  summary?: string | undefined;
}): RunOptions {
  const { plan = false, json = false, locked = false, offline = false, continueOnError = false } = options;
  const { cache: useCache, summary } = options;
  return { plan, json, locked, offline, continueOnError, useCache, summary };
}
