import { existsSync } from 'node:fs';
import { Option } from '@commander-js/extra-typings';
import { FactoryError } from '../../common/errors/factory-error.ts';
import { ARTIFACT_KINDS, COMPRESSIONS, ENGINES, SEVERITIES } from '../config/schema.ts';

/** The configuration file that is read when none is named. */
const DEFAULT_FILE = 'kairos-factory.yaml';

/** Splits `a,b` and gathers repeated flags. */
export function gather(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), ...value.split(',').filter(Boolean)];
}

function gatherWhole(value: string, before: string[] | undefined): string[] {
  return [...(before ?? []), value];
}

/** Options that `build` and `artifacts` share. Values are not checked here: the schema names what is wrong. */
export const ARTIFACT_OPTIONS = {
  artifact: new Option('--artifact <kinds>', `what to make: ${ARTIFACT_KINDS.join(',')}`).argParser(gather),
  cloudConfig: new Option('--cloud-config <file>', 'configuration laid into the ISO and the disk images'),
  overlayRootfs: new Option('--overlay-rootfs <dir>', 'directory laid over the root filesystem'),
  overlayIso: new Option('--overlay-iso <dir>', 'directory laid over the ISO'),
  compression: new Option('--compression <level>', `of the squashfs: ${COMPRESSIONS.join('|')}`),
  engine: new Option('--engine <name>', `what builds and holds container images: ${ENGINES.join('|')}`),
  failOn: new Option(
    '--fail-on <severity>',
    `refuse known vulnerabilities, which grype finds: ${SEVERITIES.join('|')}[,unless-missing]`,
  ),
  output: new Option('--output <dir>', 'where the artifacts go (default: build)'),
  config: new Option('--config <file>', `configuration file (default: ${DEFAULT_FILE}, if there is one)`),
  set: new Option('--set <key=value>', 'set a key of the configuration; repeatable').argParser(gatherWhole),
  plan: new Option('--plan', 'print what would be done, and do nothing'),
  json: new Option('--json', 'print the report as JSON on stdout'),
  lockFile: new Option(
    '--lock-file <file>',
    'what image references stand for (default: kairos-factory.lock)',
  ),
  locked: new Option('--locked', 'take no image that the lock file does not have'),
  offline: new Option('--offline', 'fetch nothing: take what the cache has'),
  push: new Option('--push <ref>', 'push the image when it is done: REGISTRY/NAME[:TAG] (see push --help)'),
  noPush: new Option('--no-push', 'push nothing, whatever the configuration says'),
  noCache: new Option('--no-cache', 'use no results of earlier builds'),
};

/** The configuration file to read, if any. */
export function configurationFile(named: string | undefined): { file?: string } {
  if (named !== undefined) return { file: named };
  return existsSync(DEFAULT_FILE) ? { file: DEFAULT_FILE } : {};
}

/** What commander makes of the shared options. */
interface ArtifactOptions {
  readonly artifact?: string[] | undefined;
  readonly cloudConfig?: string | undefined;
  readonly overlayRootfs?: string | undefined;
  readonly overlayIso?: string | undefined;
  readonly compression?: string | undefined;
  readonly engine?: string | undefined;
  readonly output?: string | undefined;
  readonly lockFile?: string | undefined;
  readonly failOn?: string | undefined;
}

/** The values of the shared options by configuration key. @throws FactoryError `usage` when `--artifact` names nothing */
export function artifactFlags(options: ArtifactOptions): Record<string, unknown> {
  if (options.artifact?.length === 0) throw new FactoryError('OPTION_INVALID', '--artifact names nothing');
  return {
    artifacts: options.artifact,
    'cloud-config': options.cloudConfig,
    'overlay-rootfs': options.overlayRootfs,
    'overlay-iso': options.overlayIso,
    compression: options.compression,
    engine: options.engine,
    output: options.output,
    'lock-file': options.lockFile,
    'fail-on': options.failOn,
  };
}

/** How targets are run and presented. */
export interface RunOptions {
  /** Print the plan and run nothing. */
  readonly plan: boolean;
  readonly json: boolean;
  readonly useCache: boolean;
  readonly locked: boolean;
  readonly offline: boolean;
  /** Whether the other targets go on when one fails. */
  readonly continueOnError: boolean;
}

/** How targets are run and presented, from the shared options. */
export function runOptions(options: {
  plan?: true | undefined;
  json?: true | undefined;
  locked?: true | undefined;
  offline?: true | undefined;
  cache: boolean;
  continueOnError?: true | undefined;
}): RunOptions {
  const { plan = false, json = false, locked = false, offline = false, continueOnError = false } = options;
  return { plan, json, locked, offline, continueOnError, useCache: options.cache };
}
