import { Command } from '@commander-js/extra-typings';
import { ARCHES } from '../../../common/contract/architectures.ts';
import { type BuildTarget, loadBuildTargets } from '../../config/build-spec.ts';
import type { ConfigurationSources } from '../../config/load.ts';
import { requireAllowedHooks } from '../../config/require-hooks.ts';
import {
  ARTIFACT_OPTIONS,
  artifactFlags,
  configurationFile,
  gather,
  runOptions,
} from '../artifact-options.ts';
import { askPassword } from '../ask-password.ts';
import { GROUPS } from '../option-groups.ts';
import { chosenProof, NO_PROVE_OPTION, PROVE_OPTION, proveFlag } from '../prove-options.ts';
import { presentTargets } from '../run-targets.ts';
import { NO_SIGN_OPTION, requireSigner, SIGN_OPTION, signFlag } from '../sign-options.ts';
import { warn } from '../warn.ts';

/** `kairos-factory build`: builds an OS image from a base and a flavor, and artifacts from the image. */
export function buildCommand() {
  return specCommand('build')
    .optionsGroup(GROUPS.targets)
    .option(
      '--only <names>',
      'build only these targets of the configuration: names or patterns, a,b*',
      gather,
    )
    .option('--continue-on-error', 'continue with the other targets when one fails')
    .option(
      '--shell-on-failure',
      'when the build of the image fails, open a shell in its root (engine buildah)',
    )
    .addOption(ARTIFACT_OPTIONS.push)
    .addOption(ARTIFACT_OPTIONS.noPush)
    .addOption(ARTIFACT_OPTIONS.plan)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .addOption(ARTIFACT_OPTIONS.summary)
    .addOption(ARTIFACT_OPTIONS.allowHostHooks)
    .addOption(SIGN_OPTION)
    .addOption(NO_SIGN_OPTION)
    .addOption(PROVE_OPTION)
    .addOption(NO_PROVE_OPTION)
    .action(async (options) => {
      const { flags, ...sources } = specSources(options);
      const { push, sign, prove, plan, allowHostHooks = plan ?? false, shellOnFailure } = options;
      const publishing = { push, sign, prove, allowHostHooks };
      const load = () => publishedTargets({ ...sources, flags }, publishing, options.only ?? []);
      await presentTargets(load, { ...runOptions(options), shellOnFailure });
    });
}

/** The values of `--push`, `--sign` and `--prove`; `false` for `--no-push`, `--no-sign` and `--no-prove`. */
interface Publishing {
  /** Whether hooks may run on this machine; absent where none run. */
  readonly allowHostHooks?: boolean | undefined;
  readonly push?: string | boolean | undefined;
  readonly sign?: string | boolean | undefined;
  readonly prove?: string | boolean | undefined;
}

/** Loads the targets of a configuration, and applies the flags for pushing, signing and proving. @throws FactoryError `usage` */
export async function publishedTargets(
  sources: ConfigurationSources,
  { push, sign, prove, allowHostHooks }: Publishing,
  only: readonly string[],
): Promise<BuildTarget[]> {
  const flags = { ...sources.flags, ...signFlag(sign), ...proveFlag(prove), 'push.to': push || undefined };
  const targets = await loadBuildTargets({ ...sources, flags }, only, warn);
  for (const { spec } of targets) {
    requireSigner(sign, spec.sign);
    if (allowHostHooks !== undefined) requireAllowedHooks(spec.hooks, { isAllowed: allowHostHooks });
  }
  // One process has one password: targets with several keys take theirs from files or variables.
  if (sign !== false) await askPassword(targets[0]?.spec.sign);
  return targets.map(({ spec, ...target }) => ({
    ...target,
    spec: {
      ...spec,
      prove: chosenProof(prove, spec),
      ...(push === false && { push: undefined }),
      ...(sign === false && { sign: undefined }),
    },
  }));
}

/** Creates a command with all flags that describe a build. */
export function specCommand(name: string) {
  return new Command(name)
    .optionsGroup(GROUPS.system)
    .option(
      '--flavor <name>',
      'the distribution: a flavor, or your own file (default: detected from the base)',
    )
    .option('--release <name>', 'the release of the flavor to start from without --base')
    .option(
      '--base <ref>',
      'base image: NAME:TAG or docker://REGISTRY/NAME:TAG[@DIGEST], docker-daemon:NAME[:TAG], bootstrap:[RELEASE], oci:DIR[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR',
    )
    .option('--snapshot <date>', 'install packages as of this date, such as 2026-01-31')
    .option('--kernel <name>', 'a kernel choice of the flavor, such as generic')
    .option('--model <name>', 'the board')
    .option('--arch <name>', `architecture: ${ARCHES.join(', ')} (default: the host's)`)
    .option('--kubernetes <name@version>', 'Kubernetes distribution, such as k3s@v1.34.1+k3s1')
    .option(
      '--package-sets <names>',
      'package sets of the flavor to install: names, a,b, such as upstream',
      gather,
    )
    .option('--no-packages', 'install nothing, because the base has all that it needs')
    .option('--version <semver>', 'version of the OS image')
    .option('--netboot', 'add the drivers of network cards, for machines that boot over the network')
    .optionsGroup(GROUPS.content)
    .option('--containerfile <file>', 'your own Containerfile to apply')
    .option(
      '--stage, --containerfile-stage <stage>',
      'when to apply the Containerfile: before (to the base; default), or after (the framework)',
    )
    .option(
      '--containerfile-context <dir>',
      'directory for COPY in the Containerfile (default: its own directory)',
    )
    .option(
      '--kernel-from <ref>',
      'image to take kernel, modules, initramfs and boot loader from, or bootstrap:RELEASE',
    )
    .optionsGroup(GROUPS.framework)
    .option('--framework <name>', 'framework that turns the base into a Kairos image: builtin, kairos-init')
    .option('--framework-source <ref>', 'path of kairos-init, or an image that contains it')
    .option('--framework-version <version>', 'the version that kairos-init must report')
    .addOption(ARTIFACT_OPTIONS.artifact)
    .addOption(ARTIFACT_OPTIONS.cloudConfig)
    .addOption(ARTIFACT_OPTIONS.overlayRootfs)
    .addOption(ARTIFACT_OPTIONS.overlayIso)
    .addOption(ARTIFACT_OPTIONS.compression)
    .addOption(ARTIFACT_OPTIONS.ociCompression)
    .addOption(ARTIFACT_OPTIONS.engine)
    .addOption(ARTIFACT_OPTIONS.builder)
    .addOption(ARTIFACT_OPTIONS.builderTls)
    .addOption(ARTIFACT_OPTIONS.cacheTo)
    .addOption(ARTIFACT_OPTIONS.cacheFrom)
    .addOption(ARTIFACT_OPTIONS.failOn)
    .addOption(ARTIFACT_OPTIONS.output)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set)
    .addOption(ARTIFACT_OPTIONS.lockFile)
    .addOption(ARTIFACT_OPTIONS.locked)
    .addOption(ARTIFACT_OPTIONS.offline);
}

type SpecOptions = ReturnType<ReturnType<typeof specCommand>['opts']>;

/** Derives the configuration sources of a build from its flags. */
export function specSources(options: SpecOptions) {
  const flags = {
    flavor: options.flavor,
    release: options.release,
    base: options.base,
    snapshot: options.snapshot,
    kernel: options.kernel,
    model: options.model,
    arch: options.arch,
    version: options.version,
    'package-sets': options.packageSets,
    'install-packages': options.packages ? undefined : false,
    kubernetes: options.kubernetes,
    containerfile: options.containerfile,
    'containerfile-stage': options.containerfileStage,
    'containerfile-context': options.containerfileContext,
    'kernel-from': options.kernelFrom,
    netboot: options.netboot,
    'framework.name': options.framework,
    'framework.source': options.frameworkSource,
    'framework.version': options.frameworkVersion,
    'buildkit.builders': options.builder,
    'buildkit.tls': options.builderTls,
    'buildkit.cache-to': options.cacheTo,
    'buildkit.cache-from': options.cacheFrom,
    ...artifactFlags(options),
  };
  return { ...configurationFile(options.config), set: options.set ?? [], flags };
}
