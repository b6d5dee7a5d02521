import { Command } from '@commander-js/extra-typings';
import { loadBuildSpec } from '../../spec/build-spec.ts';
import { ARTIFACT_OPTIONS, artifactFlags, configurationFile, jobOptions } from '../artifact-options.ts';
import { presentJob } from '../run-job.ts';
import { warn } from '../warn.ts';

/** `kairos-factory build`: a base and a flavor → OS image → artifacts. */
export function buildCommand() {
  return specCommand('build')
    .description('build an OS image from a base, and artifacts from it')
    .addOption(ARTIFACT_OPTIONS.plan)
    .addOption(ARTIFACT_OPTIONS.json)
    .addOption(ARTIFACT_OPTIONS.noCache)
    .action(async (options) => {
      await presentJob(
        async () => ({ type: 'build', spec: await loadBuildSpec(specSources(options), warn) }),
        jobOptions(options),
      );
    });
}

/** A command with all flags that describe a build. */
export function specCommand(name: string) {
  return new Command(name)
    .option('--flavor <name>', 'the distribution')
    .option(
      '--base <ref>',
      'base image: bootstrap:[RELEASE], oci:DIR[:TAG], docker-archive:FILE, FILE.tar[.gz|.xz|.zst], dir:DIR',
    )
    .option('--kernel <name>', 'one of the kernels of the flavor: generic, cloud')
    .option('--model <name>', 'the board')
    .option('--version <semver>', 'version of the OS image')
    .option('--containerfile <file>', 'a Containerfile of your own that is applied too')
    .option('--containerfile-stage <stage>', 'before: to the base (default); after: after the framework')
    .option('--containerfile-context <dir>', 'what its COPY reads from (default: its directory)')
    .option('--kernel-from <ref>', 'image to take kernel, modules, initramfs and boot loader from')
    .option('--framework <name>', 'what makes the base a Kairos: builtin, kairos-init')
    .option('--framework-source <ref>', 'the program kairos-init, or an image that holds it')
    .option('--framework-version <version>', 'the version that kairos-init must be of')
    .addOption(ARTIFACT_OPTIONS.artifact)
    .addOption(ARTIFACT_OPTIONS.cloudConfig)
    .addOption(ARTIFACT_OPTIONS.overlayRootfs)
    .addOption(ARTIFACT_OPTIONS.overlayIso)
    .addOption(ARTIFACT_OPTIONS.compression)
    .addOption(ARTIFACT_OPTIONS.output)
    .addOption(ARTIFACT_OPTIONS.config)
    .addOption(ARTIFACT_OPTIONS.set);
}

type SpecOptions = ReturnType<ReturnType<typeof specCommand>['opts']>;

/** Where the values of a build's configuration come from, by its flags. */
export function specSources(options: SpecOptions) {
  const flags = {
    flavor: options.flavor,
    base: options.base,
    kernel: options.kernel,
    model: options.model,
    version: options.version,
    containerfile: options.containerfile,
    'containerfile-stage': options.containerfileStage,
    'containerfile-context': options.containerfileContext,
    'kernel-from': options.kernelFrom,
    'framework.name': options.framework,
    'framework.source': options.frameworkSource,
    'framework.version': options.frameworkVersion,
    ...artifactFlags(options),
  };
  return { ...configurationFile(options.config), set: options.set ?? [], flags };
}
